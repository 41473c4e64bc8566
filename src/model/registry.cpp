// Architectures by the name that model.json gives them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "diffinfinite_unet.h"
#include "histoloom/core/error.h"
#include "histoloom/model/autoencoder.h"
#include "histoloom/model/denoiser.h"
#include "label_map_unet.h"
#include "pixel_shuffle_autoencoder.h"

namespace histoloom {

namespace {

using nlohmann::json;

// Reads the integers of a configuration; every key must be known and in its range.
class Config {
 public:
  Config(const std::string& text, std::string where) : where_(std::move(where)) {
    try {
      json_ = json::parse(text);
    } catch (const json::exception&) {
      throw UserError(fmt::format("{}: the configuration is not valid JSON", where_));
    }
    if (!json_.is_object())
      throw UserError(fmt::format("{}: the configuration is not a JSON object", where_));
  }

  void read(const char* key, int& value, int low, int high) {
    if (!json_.contains(key)) return;
    value = number(key, json_[key], low, high);
    json_.erase(key);
  }

  void read(const char* key, std::vector<int>& values, int low, int high) {
    if (!json_.contains(key)) return;
    if (!json_[key].is_array() || json_[key].empty() || json_[key].size() > 6)
      throw UserError(fmt::format("{}: '{}' must be a list of 1 to 6 numbers", where_, key));
    values.clear();
    for (const json& item : json_[key]) values.push_back(number(key, item, low, high));
    json_.erase(key);
  }

  // Throws for a key that nothing has read.
  void finish() const {
    if (!json_.empty())
      throw UserError(fmt::format("{}: '{}' is not a known setting", where_, json_.begin().key()));
  }

  void require_multiple(const char* key, int value, int divisor) const {
    if (value % divisor != 0)
      throw UserError(
          fmt::format("{}: '{}' must be a multiple of {}, got {}", where_, key, divisor, value));
  }

 private:
  int number(const char* key, const json& item, int low, int high) const {
    if (!item.is_number_integer() || item < low || item > high)
      throw UserError(fmt::format("{}: '{}' must be a whole number from {} to {}, got {}", where_,
                                  key, low, high, item.dump()));
    return item.get<int>();
  }

  json json_;
  std::string where_;
};

std::unique_ptr<Denoiser> make_label_map_unet(Config& config) {
  LabelMapUNetConfig c;
  config.read("latent_channels", c.latent_channels, 1, 64);
  config.read("labels", c.labels, 2, 255);
  config.read("widths", c.widths, 8, 4096);
  config.read("blocks", c.blocks, 1, 8);
  config.read("heads", c.heads, 1, 64);
  config.read("groups", c.groups, 1, 64);
  config.read("embedding", c.embedding, 8, 4096);
  config.finish();
  for (const int width : c.widths) config.require_multiple("widths", width, c.groups);
  config.require_multiple("widths", c.widths.back(), c.heads);
  config.require_multiple("embedding", c.embedding, 4);
  return std::make_unique<LabelMapUNet>(c);
}

std::unique_ptr<Denoiser> make_diffinfinite_unet(Config& config) {
  DiffInfiniteUNetConfig c;
  config.read("dim", c.dim, 4, 2048);
  config.read("dim_mults", c.dim_mults, 1, 64);
  config.read("channels", c.channels, 1, 64);
  config.read("num_classes", c.num_classes, 1, 254);
  config.read("resnet_block_groups", c.resnet_block_groups, 1, 64);
  config.read("block_per_layer", c.block_per_layer, 2, 2);
  config.finish();
  config.require_multiple("dim", c.dim, 2 * c.resnet_block_groups);
  return std::make_unique<DiffInfiniteUNet>(c);
}

}  // namespace

std::unique_ptr<Denoiser> make_denoiser(const std::string& architecture,
                                        const std::string& config_json, const std::string& where) {
  Config config(config_json, where);
  if (architecture == "label_map_unet") return make_label_map_unet(config);
  if (architecture == "diffinfinite_unet") return make_diffinfinite_unet(config);
  throw UserError(
      fmt::format("{}: unknown denoiser architecture '{}'; this version knows label_map_unet and "
                  "diffinfinite_unet",
                  where, architecture));
}

std::unique_ptr<Autoencoder> make_autoencoder(const std::string& architecture,
                                              const std::string& config_json,
                                              const std::string& where) {
  if (architecture != "pixel_shuffle_autoencoder")
    throw UserError(fmt::format(
        "{}: unknown autoencoder architecture '{}'; this version knows pixel_shuffle_autoencoder",
        where, architecture));
  Config config(config_json, where);
  PixelShuffleAutoencoderConfig c;
  config.read("latent_channels", c.latent_channels, 1, 256);
  config.read("fine_width", c.fine_width, 8, 1024);
  config.read("coarse_width", c.coarse_width, 8, 1024);
  config.read("fine_blocks", c.fine_blocks, 0, 16);
  config.read("coarse_blocks", c.coarse_blocks, 0, 16);
  config.finish();
  return std::make_unique<PixelShuffleAutoencoder>(c);
}

}  // namespace histoloom
