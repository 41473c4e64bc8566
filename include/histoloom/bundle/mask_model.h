// A bundle's mask denoiser in the terms of random-patch diffusion: the canvas has one cell every
// MaskSpec::cell pixels, its channels are the label set's classes of tissue, and what the image's
// denoiser gets as label map are conditions here:
//
//   0                no prompt (the unconditional evaluation)
//   1 … prompts      the bundle's prompts, in their order
//   prompts + 1      beyond the tissue: nothing is painted there; only where a label is glass
//
// A cell of the i-th of K classes is the vector scale·(e_i − 1/K), so that a cell beyond the
// tissue, the zero vector, leans to no class.
//
// Example: the labels unknown, carcinoma, necrosis, tumour stroma, other, glass have K = 4 classes,
// and two prompts make the conditions 0 to 3.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

class MaskModel {
 public:
  // \error UserError if the bundle has no mask denoiser of classes, or fewer than two classes.
  explicit MaskModel(const ModelBundle& bundle);

  const MaskSpec& spec() const { return *bundle_.mask; }
  // The label of each channel.
  const std::vector<LabelId>& classes() const { return classes_; }
  // What a channel holds in a cell of its own class, and in a cell of another.
  float inside() const;
  float outside() const;
  // The id of a prompt by its name; "" is the bundle's first, 0 where it has none. UserError lists
  // the prompts.
  LabelId condition(std::string_view prompt) const;
  // Whether there are cells beyond the tissue, and the condition that marks them.
  bool has_beyond() const { return has_beyond_; }
  LabelId beyond() const { return static_cast<LabelId>(bundle_.prompts.size() + 1); }

  // What random-patch diffusion of the labels needs to know.
  DiffusionModel diffusion_model() const;
  // The network with fresh weights. UserError, naming model.json, where its channels or conditions
  // are not the bundle's.
  std::unique_ptr<Denoiser> make() const;
  // The network with the bundle's weights, for inference.
  std::unique_ptr<Denoiser> load(DType dtype) const;

 private:
  const ModelBundle& bundle_;
  std::vector<LabelId> classes_;
  bool has_beyond_;
};

}  // namespace histoloom
