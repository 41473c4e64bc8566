// The SHA-256 of each weights file, which model.json may state. The sum tells weights that a training
// or an import wrote from those that were changed, damaged or mixed up since:
//
//   "autoencoder": {…, "weights": "autoencoder.safetensors", "sha256": "18ce9f…"}
//   "denoiser":    {…, "weights": "denoiser.safetensors", "sha256": "9ff17f…",
//                   "autoencoder_sha256": "18ce9f…"}
//
// The last one says on whose latents the denoiser was trained. The denoiser above is up to date;
// once the autoencoder is trained anew, its sum is another one, and the denoiser is stale.
//
// Sums are of whole files, as sha256sum prints them; that of an index of shards is of the index
// alone. What model.json doesn't state is not checked.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "histoloom/bundle/bundle.h"

namespace histoloom {

// Whether a text is 64 digits of 0 to 9 and a to f.
bool is_sha256(std::string_view text);

// The SHA-256 of a file, which is mapped. UserError as MappedFile.
std::string weights_sha256(const std::filesystem::path& weights);

// Throws if model.json states another sum of the network's weights than they have. A file that is
// none of weights, or is cut, is named as such first. \error UserError names the file, the sums and
// the cure.
void require_stated_weights(const ModelBundle& bundle, const NetworkSpec& network);

// What to tell of a denoiser that was trained on latents of another autoencoder than the bundle's.
// Empty if it was not, if nothing is stated, or if one of the two has no weights. \error UserError
// as weights_sha256().
std::string stale_text(const ModelBundle& bundle);

// A line on the weights of one network.
struct WeightsFinding {
  std::string text;
  bool fault = false;  // whether the bundle can't be used with them
};

// Compares the weights of all networks with the sums in model.json.
std::vector<WeightsFinding> check_weights(const ModelBundle& bundle);

// Has model.json state the sums of the weights as they are. A denoiser that was changed is no
// longer said to be trained on any autoencoder. Gives what check_weights() then finds. \error
// UserError if model.json can't be read or written, and for a file that is none of weights or is
// cut; then nothing is changed.
std::vector<WeightsFinding> state_weights(const std::filesystem::path& directory);

}  // namespace histoloom
