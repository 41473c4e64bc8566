// A bundle's mask denoiser in the terms of random-patch diffusion. The canvas has one cell every
// MaskSpec::cell pixels, and a channel for each of the label set's classes of tissue. The label map
// that the image's denoiser gets is a map of conditions here:
//
//   0                no prompt (the unconditional evaluation)
//   1 … prompts      the bundle's prompts, in their order
//   prompts + 1      beyond the tissue, where nothing is painted; only if a label is glass
//   from there on    the prompts at the coarser scale, or one if there is no prompt; only if
//                    MaskSpec::coarser is there
//
// A cell of the i-th of K classes is the vector scale·(e_i − 1/K). A cell beyond the tissue is the
// zero vector, which leans to no class.
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
  // The id of a prompt by its name; "" is the bundle's first prompt, or 0 if the bundle has none.
  // UserError lists the prompts.
  LabelId condition(std::string_view prompt) const;
  // The id at the coarser scale of a prompt, by that of condition().
  LabelId coarser_condition(LabelId condition) const;
  // Whether there are cells beyond the tissue, and the condition that marks them.
  bool has_beyond() const { return has_beyond_; }
  LabelId beyond() const { return static_cast<LabelId>(bundle_.prompts.size() + 1); }

  // What random-patch diffusion of the labels needs to know.
  DiffusionModel diffusion_model() const;
  // The network with fresh weights. UserError, naming model.json, if the network's channels or
  // conditions are not the bundle's.
  std::unique_ptr<Denoiser> make() const;
  // The network with the bundle's weights, for inference.
  std::unique_ptr<Denoiser> load(DType dtype) const;

 private:
  // How many conditions the network knows, 0 included.
  std::size_t conditions() const;
  // Conditions before those of the coarser scale.
  std::size_t finer_conditions() const;

  const ModelBundle& bundle_;
  std::vector<LabelId> classes_;
  bool has_beyond_;
};

}  // namespace histoloom
