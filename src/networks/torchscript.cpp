#include "torchscript.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include "histoloom/core/error.h"
#include "histoloom/weights/mapped_file.h"

namespace histoloom {

namespace {

constexpr int kTrialSide = 8;  // cells, or more where the alignment asks for it

// Torch's errors go on with where in its own sources they arose. A program's begin with a stack of
// lines from the file, at whose end the cause stands.
std::string cause_of(const std::exception& error) {
  std::string text = error.what();
  constexpr std::string_view kTrace = "\nRuntimeError: ";
  if (const auto at = text.rfind(kTrace); at != std::string::npos)
    text.erase(0, at + kTrace.size());
  return text.substr(0, text.find('\n'));
}

[[noreturn]] void refuse_training(const std::string& where) {
  throw UserError(fmt::format(
      "{}: the architecture torchscript can't be trained; train the network where it was made",
      where));
}

}  // namespace

// ---- a module

void TorchScriptModule::load(const std::filesystem::path& path,
                             const std::vector<std::string>& methods) {
  path_ = path;
  const MappedFile readable(path_);  // torch's own error would not say why it isn't
  try {
    module_ = torch::jit::load(path_.string(), at::kCPU);
  } catch (const std::exception& error) {
    throw UserError(fmt::format("{}: not a TorchScript file, as torch.jit.save writes it: {}",
                                path_.string(), cause_of(error)));
  }
  module_.eval();
  for (const std::string& method : methods) {
    if (!module_.find_method(method))
      throw UserError(fmt::format("{}: the module has no method '{}'", path_.string(), method));
  }
}

torch::jit::IValue TorchScriptModule::run(const std::string& method,
                                          const std::vector<at::Tensor>& arguments) {
  const at::NoGradGuard no_grad;
  // The optimiser fuses operations after the first calls, which changes the last bits of a result.
  const torch::jit::GraphOptimizerEnabledGuard unoptimised(false);
  try {
    return module_.get_method(method)({arguments.begin(), arguments.end()});
  } catch (const std::exception& error) {
    throw UserError(
        fmt::format("{}: the method '{}' fails: {}", path_.string(), method, cause_of(error)));
  }
}

at::Tensor TorchScriptModule::call(const std::string& method,
                                   const std::vector<at::Tensor>& arguments,
                                   at::IntArrayRef shape) {
  const torch::jit::IValue result = run(method, arguments);
  if (!result.isTensor())
    throw UserError(fmt::format("{}: the method '{}' must return a tensor, it returns {}",
                                path_.string(), method, result.tagKind()));
  const at::Tensor tensor = result.toTensor();
  if (tensor.sizes() != shape)
    throw UserError(fmt::format("{}: the method '{}' must return the shape [{}], it returns [{}]",
                                path_.string(), method, fmt::join(shape, ", "),
                                fmt::join(tensor.sizes(), ", ")));
  return tensor.to(at::kFloat);
}

// ---- a denoiser

void TorchScriptDenoiser::load(const std::filesystem::path& weights) {
  module_.load(weights, {"forward"});
  const int side = (kTrialSide + config_.alignment - 1) / config_.alignment * config_.alignment;
  predict(at::zeros({2, config_.channels, side, side}), at::full({2}, 1.0f),
          at::zeros({2, side, side}, at::kLong));
}

at::Tensor TorchScriptDenoiser::predict(const at::Tensor& x, const at::Tensor& time,
                                        const at::Tensor& labels) {
  return module_.call("forward", {x, time, labels}, x.sizes());
}

NamedTensors TorchScriptDenoiser::parameters() { refuse_training(where_); }
void TorchScriptDenoiser::set_training_dtype(DType) { refuse_training(where_); }

// ---- an autoencoder

void TorchScriptAutoencoder::load(const std::filesystem::path& weights) {
  module_.load(weights, {"encode", "decode"});
  const int side = kTrialSide * config_.downsampling;
  decode(encode(at::zeros({2, 3, side, side})));
}

at::Tensor TorchScriptAutoencoder::encode(const at::Tensor& image) {
  return module_.call("encode", {image},
                      {image.size(0), config_.channels, image.size(2) / config_.downsampling,
                       image.size(3) / config_.downsampling});
}

at::Tensor TorchScriptAutoencoder::decode(const at::Tensor& latents) {
  return module_.call("decode", {latents},
                      {latents.size(0), 3, latents.size(2) * config_.downsampling,
                       latents.size(3) * config_.downsampling});
}

at::Tensor TorchScriptAutoencoder::encode_for_training(const at::Tensor&, at::Tensor&) {
  refuse_training(where_);
}
NamedTensors TorchScriptAutoencoder::parameters() { refuse_training(where_); }
void TorchScriptAutoencoder::set_training_dtype(DType) { refuse_training(where_); }

std::unique_ptr<Denoiser> make_torchscript_denoiser(const TorchScriptDenoiserConfig& config,
                                                    std::string where) {
  return std::make_unique<TorchScriptDenoiser>(config, std::move(where));
}

std::unique_ptr<Autoencoder> make_torchscript_autoencoder(
    const TorchScriptAutoencoderConfig& config, std::string where) {
  return std::make_unique<TorchScriptAutoencoder>(config, std::move(where));
}

}  // namespace histoloom
