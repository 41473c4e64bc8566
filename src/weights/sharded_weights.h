// Weights in several safetensors files, and the index that says which tensor lies in which
// (NAME.safetensors.index.json: {"weight_map": {tensor: file}}).
#pragma once

#include <memory>

#include "histoloom/weights/safetensors.h"

namespace histoloom {

class ShardedWeights final : public WeightsFile {
 public:
  // Opens the index and all shards, which lie beside it. UserError names the index and what is
  // wrong: a shard that is missing or has a directory in its name, a tensor that is missing from
  // its shard or stands in another one, too.
  explicit ShardedWeights(const std::filesystem::path& index);

  const std::filesystem::path& path() const override { return path_; }
  std::vector<std::string> names() const override;
  bool contains(const std::string& name) const override { return shard_of_.contains(name); }
  std::vector<std::int64_t> shape(const std::string& name) const override;
  // The texts of the index, of which there are none: its own metadata holds a size.
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }
  TensorBytes bytes(const std::string& name) const override;

 private:
  const SafetensorsFile& shard(const std::string& name) const;
  void check_shards() const;

  std::filesystem::path path_;
  std::map<std::string, std::string> shard_of_;  // file names by tensor
  std::map<std::string, SafetensorsFile> shards_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace histoloom
