#include "sharded_weights.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/weights/mapped_file.h"
#include "histoloom/weights/stored_tensor.h"
#include "histoloom/weights/strict_json.h"

namespace histoloom {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxIndex = 100'000'000;
constexpr int kIndexDepth = 3;

[[noreturn]] void refuse_index(const std::filesystem::path& path, const std::string& what) {
  throw UserError(fmt::format("{}: not a usable index of shards: {}", path.string(), what));
}

json parse_index(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > kMaxIndex)
    refuse_index(path,
                 fmt::format("it has {} bytes, at most {} are read", bytes.size(), kMaxIndex));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  json index = parse_strict_json(text, kIndexDepth, "it",
                                 [&](const std::string& what) { refuse_index(path, what); });
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object() || map->empty())
    refuse_index(path, "its 'weight_map' is missing or empty");
  return *map;
}

}  // namespace

ShardedWeights::ShardedWeights(const std::filesystem::path& index) : path_(index) {
  const json map = parse_index(path_);
  for (const auto& [name, shard] : map.items()) {
    if (!shard.is_string())
      refuse_index(path_, fmt::format("tensor '{}' has no shard's name", printable(name)));
    const std::string file = shard;
    if (file.empty() || file == "." || file == ".." ||
        file.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos)
      refuse_index(path_, fmt::format("the shard '{}' must be a file name without a directory",
                                      printable(file)));
    shard_of_.emplace(name, file);
    if (!shards_.contains(file)) shards_.emplace(file, path_.parent_path() / file);
  }
  check_shards();
}

void ShardedWeights::check_shards() const {
  for (const auto& [name, file] : shard_of_) {
    if (!shards_.at(file).contains(name))
      refuse_index(path_, fmt::format("tensor '{}' is missing from its shard '{}'", printable(name),
                                      printable(file)));
  }
  for (const auto& [file, shard] : shards_) {
    for (const std::string& name : shard.names()) {
      const auto indexed = shard_of_.find(name);
      if (indexed == shard_of_.end())
        refuse_index(path_, fmt::format("tensor '{}' of the shard '{}' is not in the index",
                                        printable(name), printable(file)));
      if (indexed->second != file)
        refuse_index(path_,
                     fmt::format("tensor '{}' stands in two shards, '{}' and '{}'", printable(name),
                                 printable(file), printable(indexed->second)));
    }
  }
}

std::vector<std::string> ShardedWeights::names() const {
  std::vector<std::string> out;
  for (const auto& [name, file] : shard_of_) out.push_back(name);
  return out;
}

const SafetensorsFile& ShardedWeights::shard(const std::string& name) const {
  const auto found = shard_of_.find(name);
  if (found == shard_of_.end())
    throw UserError(fmt::format("{}: tensor '{}' is missing", path_.string(), printable(name)));
  return shards_.at(found->second);
}

std::vector<std::int64_t> ShardedWeights::shape(const std::string& name) const {
  return shard(name).shape(name);
}

TensorBytes ShardedWeights::bytes(const std::string& name) const { return shard(name).bytes(name); }

}  // namespace histoloom
