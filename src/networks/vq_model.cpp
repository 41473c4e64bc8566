#include "vq_model.h"

#include <algorithm>

#include "module_path.h"

namespace histoloom {

namespace {
constexpr std::int64_t kDistances = 4 << 20;  // distances that exist at a time
constexpr double kCommitment = 0.25;          // the published beta
}  // namespace

VQModel::VQModel(const VQModelConfig& config)
    : DiffusersAutoencoder(config.autoencoder, {config.autoencoder.latent_channels,
                                                config.vq_embed_dim, config.vq_embed_dim}) {
  codebook_ = add_module(*this, "quantize.embedding",
                         torch::nn::Embedding(config.num_vq_embeddings, config.vq_embed_dim));
}

at::Tensor VQModel::nearest(const at::Tensor& latents) {
  const at::Tensor codebook = codebook_->weight.detach();
  const at::Tensor cells = latents.detach().permute({0, 2, 3, 1}).flatten(0, 2);
  // |z − e|² less |z|², which all entries share; a block of cells at a time.
  const at::Tensor square = codebook.square().sum(1), transposed = codebook.t();
  std::vector<at::Tensor> ids;
  for (const at::Tensor& block :
       cells.split(std::max<std::int64_t>(1, kDistances / square.size(0))))
    ids.push_back(at::addmm(square, block, transposed, /*beta=*/1, /*alpha=*/-2).argmin(1));
  return codebook_(at::cat(ids))
      .view({latents.size(0), latents.size(2), latents.size(3), latents.size(1)})
      .permute({0, 3, 1, 2});
}

at::Tensor VQModel::quantised(const at::Tensor& latents) {
  const at::Tensor entries = nearest(latents);
  return latents.requires_grad() ? latents + (entries - latents).detach() : entries;
}

at::Tensor VQModel::encode_for_training(const at::Tensor& image, at::Tensor& regularisation) {
  const at::Tensor latents = encoded(image), entries = nearest(latents);
  regularisation = kCommitment * (entries.detach() - latents).square().mean() +
                   (entries - latents.detach()).square().mean();
  return latents;
}

void VQModel::prepare_inference(DType dtype) {
  DiffusersAutoencoder::prepare_inference(dtype);
  codebook_->weight.set_requires_grad(false);
}

std::unique_ptr<Autoencoder> make_vq_model(const VQModelConfig& config) {
  return std::make_unique<VQModel>(config);
}

}  // namespace histoloom
