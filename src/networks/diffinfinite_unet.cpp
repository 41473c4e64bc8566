#include "diffinfinite_unet.h"

#include <cmath>

#include "module_path.h"

namespace histoloom {

namespace {
// Times whose films are kept: more than a sampler has steps, at some 64 kB each.
constexpr std::size_t kTimesKept = 1000;
}  // namespace

DiffInfiniteUNet::DiffInfiniteUNet(DiffInfiniteUNetConfig config) : config_(std::move(config)) {
  const int dim = config_.dim;
  std::vector<int> widths{dim};
  for (const int mult : config_.dim_mults) widths.push_back(dim * mult);
  init_ = register_module("init_conv", Conv(config_.channels, dim, 7));
  add_embeddings();
  add_levels(widths);
  middle1_ = add_block("mid_block1", widths.back(), widths.back());
  middle_attention_ = add_attention("mid_attn", widths.back(), /*middle=*/true);
  middle2_ = add_block("mid_block2", widths.back(), widths.back());
  last_ = add_block("final_res_block", 2 * dim, dim);
  final_ = register_module("final_conv", Conv(dim, config_.channels, 1));
}

void DiffInfiniteUNet::add_embeddings() {
  const int dim = config_.dim, width = 4 * dim;
  time1_ = add_module(*this, "time_mlp.1", torch::nn::Linear(dim, width));
  time2_ = add_module(*this, "time_mlp.3", torch::nn::Linear(width, width));
  classes_ = register_module("classes_emb", torch::nn::Embedding(config_.num_classes, dim));
  class1_ = add_module(*this, "classes_mlp.0", torch::nn::Linear(dim, width));
  class2_ = add_module(*this, "classes_mlp.2", torch::nn::Linear(width, width));
  if (config_.kind == DiffInfiniteKind::mask)
    null_class_ = register_parameter("null_classes_emb", at::randn({dim}));
}

void DiffInfiniteUNet::add_levels(const std::vector<int>& widths) {
  const std::size_t n = widths.size() - 1;
  for (std::size_t i = 0; i < n; ++i) {
    const int in = widths[i], out = widths[i + 1];
    const std::string at = "downs." + std::to_string(i);
    const bool last = i + 1 == n;
    downs_.push_back({add_block(at + ".0", in, in), add_block(at + ".1", in, in),
                      add_attention(at + ".2", in, false),
                      add_module(*this, at + ".3", last ? Conv(in, out, 3) : Conv(in, out, 4, 2)),
                      !last});
  }
  for (std::size_t i = 0; i < n; ++i) {
    const int in = widths[n - i - 1], out = widths[n - i];
    const std::string at = "ups." + std::to_string(i);
    const bool last = i + 1 == n;
    // An upsampling counts as the first of the two modules of a sequence.
    ups_.push_back({add_block(at + ".0", out + in, out), add_block(at + ".1", out + in, out),
                    add_attention(at + ".2", out, false),
                    add_module(*this, at + (last ? ".3" : ".3.1"), Conv(out, in, 3)), !last});
  }
}

DiffInfiniteBlock DiffInfiniteUNet::add_block(const std::string& path, int in, int out) {
  const DiffInfiniteBlock block(in, out, config_.resnet_block_groups, 8 * config_.dim,
                                film_columns_);
  film_columns_ += 2 * out;
  blocks_.push_back(block);
  return add_module(*this, path, block);
}

std::shared_ptr<DiffInfiniteAttention> DiffInfiniteUNet::add_attention(const std::string& path,
                                                                       int channels, bool middle) {
  const bool image = config_.kind == DiffInfiniteKind::image;
  return add_module(*this, path,
                    image    ? make_mask_attention(channels)
                    : middle ? make_full_attention(channels)
                             : make_linear_attention(channels));
}

int DiffInfiniteUNet::labels() const {
  return config_.num_classes + (config_.kind == DiffInfiniteKind::mask ? 1 : 0);
}

at::Tensor DiffInfiniteUNet::embed_time(const at::Tensor& time) {
  const int half = config_.dim / 2;
  const at::Tensor frequency =
      at::exp(at::arange(half, at::kFloat) * (-std::log(10000.0) / (half - 1)));
  const at::Tensor angle = time.unsqueeze(1) * frequency.unsqueeze(0);
  const at::Tensor wave = at::cat({angle.sin(), angle.cos()}, 1);
  return at::silu(time2_(at::gelu(time1_(wave))));
}

at::Tensor DiffInfiniteUNet::embed_label(const at::Tensor& id) {
  at::Tensor rows = classes_->weight;
  if (null_class_.defined()) rows = at::cat({null_class_.unsqueeze(0), rows});
  return at::silu(class2_(at::gelu(class1_(rows.index_select(0, id)))));
}

at::Tensor DiffInfiniteUNet::films(const at::Tensor& time, const at::Tensor& id) {
  std::vector<at::Tensor> parts;
  if (!film_of_label_.defined()) {
    const at::Tensor embedding = at::cat({embed_time(time), embed_label(id)}, 1);
    for (DiffInfiniteBlock& block : blocks_) parts.push_back(block->film(embedding));
    return at::cat(parts, 1);
  }
  for (std::int64_t i = 0; i < time.size(0); ++i)
    parts.push_back(film_of_time(time[i].item<float>()));
  return at::cat(parts) + film_of_label_.index_select(0, id);
}

at::Tensor DiffInfiniteUNet::film_of_time(float time) {
  const std::lock_guard lock(mutex_);
  if (const auto found = film_of_time_.find(time); found != film_of_time_.end())
    return found->second;
  if (film_of_time_.size() >= kTimesKept) film_of_time_.clear();
  const at::Tensor embedded = embed_time(at::full({1}, time));
  std::vector<at::Tensor> parts;
  for (const DiffInfiniteBlock& block : blocks_) parts.push_back(block->partial_film(embedded, 0));
  return film_of_time_[time] = at::cat(parts, 1);
}

std::vector<at::Tensor> DiffInfiniteUNet::mask_pyramid(const at::Tensor& labels) const {
  const at::Tensor mask = (labels > 0).to(at::kFloat).unsqueeze(1);
  std::vector<at::Tensor> out;
  for (std::size_t l = 0; l < config_.dim_mults.size(); ++l)
    out.push_back(
        std::get<0>(at::adaptive_max_pool2d(mask, {mask.size(2) >> l, mask.size(3) >> l})));
  return out;
}

at::Tensor DiffInfiniteUNet::predict(const at::Tensor& x, const at::Tensor& time,
                                     const at::Tensor& labels) {
  const at::Tensor film = films(time, /*id=*/labels.flatten(1).amax(1));
  const std::vector<at::Tensor> masks = mask_pyramid(labels);
  const std::size_t n = downs_.size();
  at::Tensor h = init_(x.to(dtype_, false, false, at::MemoryFormat::ChannelsLast));
  const at::Tensor start = h;
  std::vector<at::Tensor> skips;
  for (std::size_t l = 0; l < n; ++l) {
    Level& level = downs_[l];
    skips.push_back(h = level.first(h, film));
    skips.push_back(h = level.attention->attend(level.second(h, film), masks[l]));
    h = level.resize(h);
  }
  h = middle2_(middle_attention_->attend(middle1_(h, film), masks.back()), film);
  for (std::size_t l = 0; l < n; ++l) {
    Level& level = ups_[l];
    for (DiffInfiniteBlock* block : {&level.first, &level.second}) {
      h = (*block)(at::cat({h, skips.back()}, 1), film);
      skips.pop_back();
    }
    h = level.attention->attend(h, masks[n - 1 - l]);
    if (level.changes_size) h = at::upsample_nearest2d(h, {h.size(2) * 2, h.size(3) * 2});
    h = level.resize(h);
  }
  return final_(last_(at::cat({h, start}, 1), film)).to(at::kFloat);
}

double DiffInfiniteUNet::gflop_per_evaluation(int side) const {
  const std::size_t n = downs_.size();
  double positions = static_cast<double>(side) * side;
  double flop =
      positions * (init_->flop_per_position() + final_->flop_per_position() + last_->flop());
  for (std::size_t l = 0; l < n; ++l) {
    // Level l of the way down has the size of level n - 1 - l of the way up.
    const Level &down = downs_[l], &up = ups_[n - 1 - l];
    flop += positions *
            (down.first->flop() + down.second->flop() + up.first->flop() + up.second->flop());
    flop += down.attention->flop(positions) + up.attention->flop(positions);
    flop += positions * (down.changes_size ? 0.25 : 1.0) * down.resize->flop_per_position();
    flop += positions * (up.changes_size ? 4.0 : 1.0) * up.resize->flop_per_position();
    if (l + 1 < n) positions /= 4;
  }
  flop += positions * (middle1_->flop() + middle2_->flop()) + middle_attention_->flop(positions);
  return flop * 1e-9;
}

void DiffInfiniteUNet::prepare_inference(DType dtype) {
  at::NoGradGuard no_grad;
  for (DiffInfiniteBlock& block : blocks_) block->fold();
  for (auto* levels : {&downs_, &ups_})
    for (Level& level : *levels) level.attention->prepare();
  middle_attention_->prepare();

  const at::Tensor classes = embed_label(at::arange(labels(), at::kLong));
  std::vector<at::Tensor> parts;
  for (const DiffInfiniteBlock& block : blocks_)
    parts.push_back(block->partial_film(classes, 4 * config_.dim) + block->film_bias());
  film_of_label_ = at::cat(parts, 1);
  film_of_time_.clear();

  convert_for_inference(*this, dtype);
  dtype_ = scalar_type(dtype);
  eval();
}

std::unique_ptr<Denoiser> make_diffinfinite_unet(const DiffInfiniteUNetConfig& config) {
  return std::make_unique<DiffInfiniteUNet>(config);
}

}  // namespace histoloom
