#include "histoloom/model/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;

struct DTypeName {
  const char* name;
  at::ScalarType type;
};
constexpr DTypeName kDTypes[] = {{"F64", at::kDouble},    {"F32", at::kFloat}, {"F16", at::kHalf},
                                 {"BF16", at::kBFloat16}, {"I64", at::kLong},  {"I32", at::kInt},
                                 {"U8", at::kByte},       {"BOOL", at::kBool}};

struct Entry {
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw UserError(fmt::format("{}: not a usable safetensors file: {}", path.string(), what));
}

// Bytes of a shape; fails where the product, empty dimensions left out, overflows 63 bits: torch
// computes strides of empty tensors too.
std::uint64_t shape_bytes(const std::vector<std::int64_t>& shape, std::uint64_t item,
                          const std::string& name, const std::filesystem::path& path) {
  std::uint64_t bytes = item;
  bool empty = false;
  for (const std::int64_t n : shape) {
    empty |= n == 0;
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1));
    if (n < 0 || __builtin_mul_overflow(bytes, factor, &bytes) || bytes > (std::uint64_t{1} << 62))
      fail(path,
           fmt::format("tensor '{}' has the impossible shape [{}]", name, fmt::join(shape, ", ")));
  }
  return empty ? 0 : bytes;
}

Entry parse_entry(const json& item, const std::string& name, std::uint64_t data_bytes,
                  const std::filesystem::path& path) {
  if (!item.is_object() || !item.contains("dtype") || !item["dtype"].is_string() ||
      !item.contains("shape") || !item["shape"].is_array() || !item.contains("data_offsets") ||
      !item["data_offsets"].is_array() || item["data_offsets"].size() != 2)
    fail(path, fmt::format("tensor '{}' lacks dtype, shape or data_offsets", name));
  Entry entry;
  const std::string dtype = item["dtype"];
  const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes),
                                   [&](const DTypeName& d) { return dtype == d.name; });
  if (known == std::end(kDTypes))
    fail(path, fmt::format("tensor '{}' has the unsupported dtype '{}'", name, dtype));
  entry.type = known->type;
  for (const json& n : item["shape"]) {
    if (!n.is_number_unsigned()) fail(path, fmt::format("tensor '{}' has a bad shape", name));
    entry.shape.push_back(n.get<std::int64_t>());
  }
  for (const json& n : item["data_offsets"]) {
    if (!n.is_number_unsigned()) fail(path, fmt::format("tensor '{}' has bad data_offsets", name));
  }
  entry.begin = item["data_offsets"][0];
  entry.end = item["data_offsets"][1];
  const std::uint64_t bytes = shape_bytes(entry.shape, c10::elementSize(entry.type), name, path);
  if (entry.begin > entry.end || entry.end > data_bytes || entry.end - entry.begin != bytes)
    fail(path, fmt::format("tensor '{}' needs {} bytes, its data_offsets are [{}, {}] of {}", name,
                           bytes, entry.begin, entry.end, data_bytes));
  return entry;
}

// Parses the header; a key that stands twice is refused, which nlohmann-json alone would not do.
json parse_header(const char* text, std::uint64_t size, const std::filesystem::path& path) {
  std::map<int, std::set<std::string>> keys;  // of the object that is open at a depth
  const auto callback = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys[depth + 1].clear();
    if (event == json::parse_event_t::key && !keys[depth].insert(parsed.get<std::string>()).second)
      fail(path, fmt::format("'{}' stands in its header twice", parsed.get<std::string>()));
    return true;
  };
  json header;
  try {
    header = json::parse(text, text + size, callback);
  } catch (const json::exception&) {
    fail(path, "its header is not valid JSON");
  }
  if (!header.is_object()) fail(path, "its header is not a JSON object");
  return header;
}

}  // namespace

struct SafetensorsFile::State {
  std::filesystem::path path;
  const char* map = nullptr;
  std::uint64_t size = 0;
  const char* data = nullptr;
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;

  ~State() {
    if (map != nullptr) munmap(const_cast<char*>(map), size);
  }
  void map_file();
  void read_header();
  void check_coverage(std::uint64_t data_bytes) const;
};

void SafetensorsFile::State::map_file() {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    throw UserError(fmt::format("{}: can't be opened: {}", path.string(), errno_text(errno)));
  struct stat info {};
  const bool known = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  size = known ? static_cast<std::uint64_t>(info.st_size) : 0;
  void* mapped = size >= 8 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  ::close(fd);
  if (mapped == MAP_FAILED) fail(path, fmt::format("it has {} bytes, at least 8 are needed", size));
  map = static_cast<const char*>(mapped);
}

void SafetensorsFile::State::read_header() {
  std::uint64_t n = 0;
  std::memcpy(&n, map, 8);
  if (n > kMaxHeader || n > size - 8)
    fail(path, fmt::format("its header claims {} bytes, the file has {}", n, size));
  data = map + 8 + n;
  const std::uint64_t data_bytes = size - 8 - n;
  const json header = parse_header(map + 8, n, path);
  for (const auto& [name, item] : header.items()) {
    if (name != "__metadata__") {
      entries.emplace(name, parse_entry(item, name, data_bytes, path));
      continue;
    }
    if (!item.is_object()) fail(path, "__metadata__ is not an object");
    for (const auto& [key, value] : item.items()) {
      if (!value.is_string()) fail(path, fmt::format("__metadata__ '{}' is not a string", key));
      metadata.emplace(key, value.get<std::string>());
    }
  }
  check_coverage(data_bytes);
}

void SafetensorsFile::State::check_coverage(std::uint64_t data_bytes) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
  for (const auto& [name, entry] : entries) spans.emplace_back(entry.begin, entry.end);
  std::sort(spans.begin(), spans.end());
  std::uint64_t at = 0;
  for (const auto& [begin, end] : spans) {
    if (begin != at)
      fail(path, fmt::format("its tensors {} at byte {}", begin > at ? "leave a hole" : "overlap",
                             std::min(begin, at)));
    at = end;
  }
  if (at != data_bytes) fail(path, fmt::format("its tensors cover {} of {} bytes", at, data_bytes));
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : state_(std::make_unique<State>()) {
  state_->path = path;
  state_->map_file();
  state_->read_header();
}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : state_->entries) out.push_back(name);
  return out;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return state_->entries.contains(name);
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return state_->metadata;
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = state_->entries.find(name);
  if (found == state_->entries.end())
    throw UserError(fmt::format("{}: tensor '{}' is missing", state_->path.string(), name));
  const Entry& entry = found->second;
  at::Tensor out = torch::empty(entry.shape, entry.type);
  if (entry.end > entry.begin)
    std::memcpy(out.data_ptr(), state_->data + entry.begin, entry.end - entry.begin);
  return out;
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor t = tensor.detach().contiguous();
    const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes),
                                     [&](const DTypeName& d) { return d.type == t.scalar_type(); });
    check_internal(known != std::end(kDTypes), "a tensor of a dtype that safetensors lacks");
    const std::size_t begin = data.size();
    data.append(static_cast<const char*>(t.data_ptr()), t.nbytes());
    header[name] = {
        {"dtype", known->name}, {"shape", t.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  const std::uint64_t n = text.size();
  std::string bytes(reinterpret_cast<const char*>(&n), 8);
  replace_file(path, bytes + text + data);
}

void load_parameters(const NamedTensors& parameters, const std::filesystem::path& file) {
  torch::NoGradGuard no_grad;
  const SafetensorsFile source(file);
  std::set<std::string> wanted;
  for (const auto& [name, parameter] : parameters) {
    wanted.insert(name);
    const at::Tensor value = source.tensor(name);
    if (value.sizes() != parameter.sizes())
      throw UserError(fmt::format("{}: tensor '{}' has the shape [{}], the architecture needs [{}]",
                                  file.string(), name, fmt::join(value.sizes(), ", "),
                                  fmt::join(parameter.sizes(), ", ")));
    at::Tensor(parameter).copy_(value);
    // After the conversion, in which a large value may become infinite.
    if (!at::isfinite(parameter).all().item<bool>())
      throw UserError(
          fmt::format("{}: tensor '{}' holds values that are not finite; the file is "
                      "damaged or its training failed",
                      file.string(), name));
  }
  for (const std::string& name : source.names()) {
    if (!wanted.contains(name))
      throw UserError(
          fmt::format("{}: tensor '{}' is not part of the architecture", file.string(), name));
  }
}

}  // namespace histoloom
