#include "latent_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "crops.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "histoloom/core/writable.h"
#include "histoloom/weights/safetensors.h"
#include "shrink.h"
#include "stain.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr int kOrientations = 8;
constexpr const char *kLatents = "latents", *kPicture = "picture";

// An image in its eight orientations.
struct Orientations {
  std::vector<at::Tensor> latents, pictures;  // no pictures where the denoiser sees none
};

std::string name_of(const char* what, int orientation) {
  return fmt::format("{}.{}", what, orientation);
}

std::string checksum_of_latents(const Orientations& of) {
  Sha256 sum;
  for (const auto* tensors : {&of.latents, &of.pictures})
    for (const at::Tensor& t : *tensors) sum.add_part(t.data_ptr(), t.nbytes());
  return sum.hex();
}

std::string digest_of(const TrainingImage& image) {
  return Sha256()
      .add_part(fmt::format("{} {}", image.size.width, image.size.height))
      .add_part(image.pixels.data(), image.pixels.size())
      .hex();
}

// Glass of the pixels [H, W] that image_tensor() keeps, bool.
at::Tensor glass_pixels(const TrainingImage& image, int factor) {
  const CellSize cells = latent_size_for(image.size, factor);
  at::Tensor glass = at::empty({cells.height, cells.width}, at::kBool);
  std::copy_n(find_glass(image, factor).begin(), glass.numel(), glass.data_ptr<bool>());
  return glass.narrow(0, 0, image.size.height / factor)
      .narrow(1, 0, image.size.width / factor)
      .repeat_interleave(factor, 0)
      .repeat_interleave(factor, 1);
}

// Makes the latents of one image.
class Encoder {
 public:
  Encoder(const ModelBundle& bundle, const LatentOptions& options)
      : options_(options),
        factor_(bundle.latent.downsampling),
        mean_(at::tensor(bundle.latent.mean).view({-1, 1, 1})),
        deviation_(at::tensor(bundle.latent.deviation).view({-1, 1, 1})),
        network_(load_autoencoder(bundle, DType::float32)) {}

  Orientations encode(const TrainingImage& image, const std::string& digest) const {
    at::NoGradGuard no_grad;
    const at::Tensor plain = unit_range(image_tensor(image, factor_));
    if (options_.augment > 0)
      at::manual_seed(options_.seed ^ std::stoull(digest.substr(0, 16), nullptr, 16));
    const at::Tensor glass = options_.augment > 0 ? glass_pixels(image, factor_) : at::Tensor();
    Orientations out;
    for (int i = 0; i < kOrientations; ++i) {
      const at::Tensor picture =
          options_.augment > 0
              ? at::where(glass, plain, change_stain(plain, draw_stain_change(options_.augment)))
              : plain;
      const at::Tensor z =
          network_->encode(orient(picture, i).contiguous().unsqueeze(0)).squeeze(0);
      out.latents.push_back(((z - mean_) / deviation_).to(at::kHalf).contiguous());
      if (options_.shrink > 0)
        out.pictures.push_back(
            orient(shrink_picture(picture, options_.shrink), i).to(at::kHalf).contiguous());
    }
    return out;
  }

 private:
  const LatentOptions& options_;
  int factor_;
  at::Tensor mean_, deviation_;
  std::unique_ptr<Autoencoder> network_;
};

// The files of a folder.
class LatentFolder {
 public:
  explicit LatentFolder(fs::path folder) : folder_(std::move(folder)) {
    if (folder_.empty()) return;
    std::error_code code;
    fs::create_directories(folder_, code);
    if (code)
      throw UserError(
          fmt::format("--latents {}: can't be made: {}", folder_.string(), code.message()));
  }

  // Nothing where there is no such file, or a damaged one.
  std::optional<Orientations> read(const std::string& key) const {
    if (folder_.empty() || !file_exists(path_of(key))) return std::nullopt;
    try {
      const SafetensorsFile file(path_of(key));
      Orientations out;
      const auto read = [&](const char* what, std::vector<at::Tensor>& tensors) {
        for (int i = 0; i < kOrientations && file.contains(name_of(what, i)); ++i)
          tensors.push_back(read_tensor(file, name_of(what, i)).clone());
      };
      read(kLatents, out.latents);
      read(kPicture, out.pictures);
      const auto sum = file.metadata().find("sha256");
      if (sum != file.metadata().end() && sum->second == checksum_of_latents(out)) return out;
    } catch (const UserError&) {
      // Damaged; made again.
    }
    return std::nullopt;
  }

  void write(const std::string& key, const Orientations& latents) const {
    if (folder_.empty()) return;
    NamedTensors named;
    const auto add = [&](const char* what, const std::vector<at::Tensor>& tensors) {
      for (int i = 0; i < static_cast<int>(tensors.size()); ++i)
        named.emplace_back(name_of(what, i), tensors[static_cast<std::size_t>(i)]);
    };
    add(kLatents, latents.latents);
    add(kPicture, latents.pictures);
    write_safetensors(path_of(key), named,
                      {{"format", "pt"}, {"sha256", checksum_of_latents(latents)}});
  }

 private:
  fs::path path_of(const std::string& key) const { return folder_ / (key + ".safetensors"); }

  fs::path folder_;
};

}  // namespace

std::string latent_settings(const ModelBundle& bundle, const LatentOptions& options) {
  std::string text =
      fmt::format("{} {}", bundle.autoencoder.architecture, bundle.autoencoder.config_json);
  for (const float v : bundle.latent.mean) text += fmt::format(" {}", v);
  for (const float v : bundle.latent.deviation) text += fmt::format(" {}", v);
  for (const double v : bundle.pixel_range) text += fmt::format(" {}", v);
  if (options.augment > 0) text += fmt::format(" {} {}", options.augment, options.seed);
  if (options.shrink > 0) text += fmt::format(" picture {}", options.shrink);
  return Sha256()
      .add_part("histoloom latents 1")
      .add_part(text)
      .add_part(read_file(bundle.autoencoder.weights))
      .hex();
}

void require_latent_folder(const fs::path& folder) {
  if (folder.empty()) return;
  // The nearest folder that is there decides whether the rest can be made.
  std::error_code code;
  fs::path there = fs::absolute(folder);
  while (!fs::exists(there, code) && there != there.parent_path()) there = there.parent_path();
  if (!fs::is_directory(there, code))
    throw UserError(fmt::format("--latents {}: can't be made: {} is no folder", folder.string(),
                                there.string()));
  require_writable_directory(there, "--latents");
}

std::vector<CachedLatents> latents_of(const ModelBundle& bundle,
                                      const std::vector<TrainingImage>& images,
                                      const LatentOptions& options, Progress& progress) {
  const LatentFolder folder(options.folder);
  const Encoder encoder(bundle, options);
  const std::string settings = latent_settings(bundle, options);
  std::vector<CachedLatents> out;
  std::int64_t done = 0, read = 0;
  progress.start_stage("encoding", static_cast<std::int64_t>(images.size()), "images");
  for (const TrainingImage& image : images) {
    if (progress.stop_requested())
      throw Interrupted(options.folder.empty()
                            ? "training stopped before its first step; start it again, with "
                              "--latents DIR to keep what is encoded"
                            : "training stopped before its first step; start it again, it goes on "
                              "with what is in " +
                                  options.folder.string());
    const std::string digest = digest_of(image);
    const std::string key = Sha256().add_part(settings).add_part(digest).hex();
    std::optional<Orientations> latents = folder.read(key);
    read += latents.has_value();
    if (!latents) {
      latents = encoder.encode(image, digest);
      folder.write(key, *latents);
    }
    const at::Tensor labels = label_tensor(image, bundle.latent.downsampling);
    for (std::size_t i = 0; i < kOrientations; ++i)
      out.push_back({latents->latents[i], orient(labels, static_cast<int>(i)).contiguous(),
                     latents->pictures.empty() ? at::Tensor() : latents->pictures[i]});
    progress.update(++done, options.folder.empty()
                                ? std::string()
                                : fmt::format("{} read from {}", read, options.folder.string()));
  }
  progress.finish();
  return out;
}

}  // namespace histoloom
