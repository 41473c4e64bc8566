#include "checkpoint_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "histoloom/core/error.h"
#include "pickle.h"

namespace histoloom {

namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxName = 512;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw UserError(fmt::format("{}: not a usable checkpoint: {}", path, what));
}

// The folder of the zip file in which data.pkl lies, with a slash ("model-10/").
std::string find_folder(const ZipDirectory& zip, const std::string& path) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const auto& [name, entry] : zip) {
    const std::string_view view = name;
    if (!view.ends_with(kPickle)) continue;
    const std::string folder(view.substr(0, view.size() - kPickle.size()));
    if (!folder.empty() && folder.find('/') != folder.size() - 1) continue;
    if (zip.contains(folder + "constants.pkl"))
      fail(path, "it is a TorchScript program, not a state dict");
    return folder;
  }
  fail(path, "it has no data.pkl; torch.save did not write it");
}

// The last element that a view touches, counted from its first; -1 of an empty one, nothing where
// that overflows.
std::optional<std::int64_t> last_element(const PickleTensor& tensor) {
  std::int64_t last = 0;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    std::int64_t step = 0;
    if (tensor.shape[d] == 0) return -1;
    if (__builtin_mul_overflow(tensor.shape[d] - 1, tensor.strides[d], &step) ||
        __builtin_add_overflow(last, step, &last))
      return std::nullopt;
  }
  return last;
}

// Whether a key is none that a network's weights have: what belongs to a callback's class, say.
bool is_of_training(const PickleValue& key) {
  return std::holds_alternative<PickleClass>(key) || std::holds_alternative<PickleInert>(key);
}

// Walks from the root to every tensor. A value may stand at many places, and even within itself, so
// that a small pickle can describe a tree without end: depth, places and names are bounded by what
// a pickle of this size could write out.
class TensorCollector {
 public:
  TensorCollector(CheckpointDirectory& out, const Pickle& pickle, std::string folder,
                  std::uint64_t pickle_bytes, const std::string& path)
      : out_(out),
        pickle_(pickle),
        folder_(std::move(folder)),
        places_left_(pickle_bytes),
        name_bytes_left_(4 * pickle_bytes + kMaxName),
        path_(path) {}

  void collect();

 private:
  void visit(PickleId id, const std::string& name, int depth);
  void visit_dict(const PickleDict& dict, const std::string& name, int depth);
  void visit_items(const std::vector<PickleId>& items, const std::string& name, int depth);
  std::string key_of(PickleId id, const std::string& name) const;
  void add(const PickleTensor& tensor, const std::string& name);
  const ZipEntry& storage_of(const PickleTensor& tensor, const std::string& entry) const;
  void check_bounds(const PickleTensor& tensor, const std::string& name) const;
  [[noreturn]] void fail_tensor(const std::string& name, const std::string& what) const {
    fail(path_, fmt::format("tensor '{}' {}", printable(name), what));
  }

  CheckpointDirectory& out_;
  const Pickle& pickle_;
  std::string folder_;
  std::uint64_t places_left_, name_bytes_left_;
  const std::string& path_;
};

void TensorCollector::collect() {
  const PickleValue& root = pickle_[pickle_.root];
  if (!std::holds_alternative<PickleDict>(root))
    fail(path_, fmt::format("it holds {}, not a dict of tensors", describe(root)));
  visit(pickle_.root, "", 0);
  if (out_.tensors.empty()) fail(path_, "it holds no tensors");
}

void TensorCollector::visit(PickleId id, const std::string& name, int depth) {
  if (depth > kMaxDepth) fail(path_, fmt::format("it is nested more than {} deep", kMaxDepth));
  if (places_left_-- == 0) fail(path_, "it repeats itself without end");
  if (name.size() > kMaxName)
    fail(path_,
         fmt::format("it has a name of more than {} bytes, '{}'", kMaxName, printable(name)));
  const PickleValue& value = pickle_[id];
  if (const auto* dict = std::get_if<PickleDict>(&value)) return visit_dict(*dict, name, depth);
  if (const auto* list = std::get_if<PickleList>(&value))
    return visit_items(list->items, name, depth);
  if (const auto* tuple = std::get_if<PickleTuple>(&value))
    return visit_items(tuple->items, name, depth);
  if (const auto* tensor = std::get_if<PickleTensor>(&value)) add(*tensor, name);
}

void TensorCollector::visit_dict(const PickleDict& dict, const std::string& name, int depth) {
  std::set<std::string> keys;
  for (const auto& [key, value] : dict.items) {
    if (is_of_training(pickle_[key])) continue;
    const auto [text, is_new] = keys.insert(key_of(key, name));
    if (!is_new) fail(path_, fmt::format("the key '{}' stands in it twice", printable(*text)));
    visit(value, *text, depth + 1);
  }
}

void TensorCollector::visit_items(const std::vector<PickleId>& items, const std::string& name,
                                  int depth) {
  for (std::size_t i = 0; i < items.size(); ++i)
    visit(items[i], fmt::format("{}.{}", name, i), depth + 1);
}

std::string TensorCollector::key_of(PickleId id, const std::string& name) const {
  const std::string prefix = name.empty() ? "" : name + ".";
  if (const auto* text = std::get_if<std::string_view>(&pickle_[id])) {
    if (text->size() <= kMaxName) return prefix + std::string(*text);
    fail(path_,
         fmt::format("it has a name of more than {} bytes, '{}'", kMaxName, printable(*text)));
  }
  if (const auto* number = std::get_if<std::int64_t>(&pickle_[id]))
    return prefix + std::to_string(*number);
  fail(path_, fmt::format("the dict '{}' has {} for a key; texts and whole numbers are read",
                          printable(name), describe(pickle_[id])));
}

void TensorCollector::add(const PickleTensor& tensor, const std::string& name) {
  if (name.size() > name_bytes_left_) fail(path_, "it repeats itself without end");
  name_bytes_left_ -= name.size();
  check_bounds(tensor, name);
  const std::string entry = folder_ + "data/" + std::string(tensor.storage.key);
  const ZipEntry& storage = storage_of(tensor, entry);
  const std::uint64_t skipped =
      static_cast<std::uint64_t>(tensor.offset) * element_bytes(tensor.storage.type);
  StoredTensor stored{tensor.storage.type, tensor.shape, tensor.strides, storage.offset + skipped};
  if (!out_.tensors.emplace(name, CheckpointTensor{std::move(stored), entry}).second)
    fail_tensor(name, "stands in it twice");
}

const ZipEntry& TensorCollector::storage_of(const PickleTensor& tensor,
                                            const std::string& entry) const {
  const auto found = out_.zip.find(entry);
  if (found == out_.zip.end())
    fail(path_, fmt::format("its entry '{}' is missing", printable(entry)));
  const auto item = static_cast<std::int64_t>(element_bytes(tensor.storage.type));
  std::int64_t bytes = 0;
  if (tensor.storage.elements < 0 ||
      __builtin_mul_overflow(tensor.storage.elements, item, &bytes) ||
      static_cast<std::uint64_t>(bytes) != found->second.bytes)
    fail(path_, fmt::format("its entry '{}' has {} bytes where the pickle says {} elements of {}",
                            printable(entry), found->second.bytes, tensor.storage.elements, item));
  return found->second;
}

// The whole view lies within its storage, and what it would be as a copy can be counted.
void TensorCollector::check_bounds(const PickleTensor& tensor, const std::string& name) const {
  if (!shape_bytes(tensor.shape, tensor.storage.type))
    fail_tensor(name, fmt::format("has the impossible shape [{}]", fmt::join(tensor.shape, ", ")));
  const auto& strides = tensor.strides;
  if (std::any_of(strides.begin(), strides.end(), [](std::int64_t s) { return s < 0; }))
    fail_tensor(name, fmt::format("has a negative stride: [{}]", fmt::join(strides, ", ")));
  const auto last = last_element(tensor);
  const std::int64_t elements = tensor.storage.elements;
  if (!last || tensor.offset < 0 || tensor.offset > elements || *last >= elements - tensor.offset)
    fail_tensor(name, fmt::format("reaches out of its storage of {} elements: offset {}, shape "
                                  "[{}], strides [{}]",
                                  elements, tensor.offset, fmt::join(tensor.shape, ", "),
                                  fmt::join(strides, ", ")));
}

// Refuses by name what a PyTorch before 1.6 wrote: one pickle after another, without a zip file.
void require_zip(std::span<const std::uint8_t> file, const std::string& path) {
  if (file.size() >= 2 && file[0] == 0x80 && file[1] <= 5)
    throw UserError(fmt::format(
        "{}: a checkpoint in the format before PyTorch 1.6, which is not read; write it again in "
        "PyTorch: torch.save(torch.load(path), path)",
        path));
}

void require_little_endian(const CheckpointDirectory& directory, const std::string& folder,
                           std::span<const std::uint8_t> file, const std::string& path) {
  const auto order = directory.zip.find(folder + "byteorder");
  if (order == directory.zip.end()) return;
  const auto bytes = order->second.in(file);
  if (std::string(bytes.begin(), bytes.end()) != "little")
    fail(path, "its numbers are big-endian; save it on a little-endian machine");
}

}  // namespace

CheckpointDirectory parse_checkpoint(std::span<const std::uint8_t> file, const std::string& path) {
  require_zip(file, path);
  CheckpointDirectory out;
  out.zip = parse_zip_directory(file, path);
  const std::string folder = find_folder(out.zip, path);
  require_little_endian(out, folder, file, path);
  const ZipEntry& entry = out.zip.find(folder + "data.pkl")->second;
  check_crc(file, folder + "data.pkl", entry, path);
  const Pickle pickle = parse_pickle(entry.in(file), path);
  TensorCollector(out, pickle, folder, entry.bytes, path).collect();
  return out;
}

}  // namespace histoloom
