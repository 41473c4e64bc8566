#include "histoloom/decode/window_encoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <mutex>

#include "histoloom/core/error.h"
#include "histoloom/networks/inference_thread.h"

namespace histoloom {

namespace {

class PictureEncoder {
 public:
  PictureEncoder(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                 std::span<const std::uint8_t> rgb, PixelSize size)
      : space_(space), autoencoder_(autoencoder), rgb_(rgb), size_(size) {
    const std::int64_t c = space.channels;
    mean_ = at::tensor(space.mean).view({c, 1, 1});
    deviation_ = at::tensor(space.deviation).view({c, 1, 1});
  }

  void encode(const EncoderWindow& across, const EncoderWindow& down, const LatentSink& sink) {
    const InferenceThread inference;
    const at::Tensor latents = (autoencoder_.encode(pixels(across, down))[0] - mean_) / deviation_;
    const at::Tensor given = latents.slice(1, down.first - down.start, down.past - down.start)
                                 .slice(2, across.first - across.start, across.past - across.start)
                                 .contiguous();
    if (!at::isfinite(given).all().item<bool>())
      throw UserError(fmt::format(
          "encoding: latents that are not finite in the window from cell {},{}; try --dtype "
          "float32",
          across.start, down.start));
    sink({across.first, down.first, across.past, down.past}, given.data_ptr<float>());
  }

 private:
  // [1, 3, height, width] in [0, 1].
  at::Tensor pixels(const EncoderWindow& across, const EncoderWindow& down) const {
    const std::int64_t f = space_.downsampling;
    const at::Tensor all = at::from_blob(const_cast<std::uint8_t*>(rgb_.data()),
                                         {size_.height, size_.width, 3}, at::kByte);
    return all.slice(0, down.start * f, down.end * f)
               .slice(1, across.start * f, across.end * f)
               .permute({2, 0, 1})
               .unsqueeze(0)
               .to(at::kFloat)
               .contiguous() /
           255.0;
  }

  const LatentSpaceSpec& space_;
  Autoencoder& autoencoder_;
  std::span<const std::uint8_t> rgb_;
  PixelSize size_;
  at::Tensor mean_, deviation_;
};

}  // namespace

std::vector<EncoderWindow> encoder_windows(std::int64_t size, std::int64_t window) {
  std::vector<EncoderWindow> out;
  const std::int64_t stride = std::max<std::int64_t>(1, window / 2);
  for (std::int64_t start = 0;; start += stride) {
    start = std::max<std::int64_t>(0, std::min(start, size - window));
    out.push_back({start, std::min(start + window, size), start, size});
    if (out.size() > 1) {
      // Neighbours part in the middle of what both see.
      EncoderWindow& before = out[out.size() - 2];
      before.past = out.back().first = (before.end + start) / 2;
    }
    if (out.back().end == size) return out;
  }
}

void encode_picture(const LatentSpaceSpec& space, int window, Autoencoder& autoencoder,
                    std::span<const std::uint8_t> rgb, PixelSize size, int threads,
                    const LatentSink& sink, Progress& progress) {
  const std::int64_t f = space.downsampling;
  check_internal(size.width % f == 0 && size.height % f == 0 &&
                     rgb.size() == static_cast<std::size_t>(3 * size.area()),
                 "a picture that is no whole number of cells");
  const auto columns = encoder_windows(size.width / f, window);
  const auto rows = encoder_windows(size.height / f, window);
  const auto all = static_cast<std::int64_t>(columns.size() * rows.size());
  PictureEncoder encoder(space, autoencoder, rgb, size);
  progress.start_stage("encoding", all, "windows");
  std::int64_t done = 0;
  std::mutex mutex;
  tbb::task_arena arena(std::min(threads, tbb::this_task_arena::max_concurrency()));
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, columns.size() * rows.size(), [&](std::size_t i) {
      if (progress.stop_requested()) throw Interrupted("stopped while encoding");
      encoder.encode(columns[i % columns.size()], rows[i / columns.size()], sink);
      const std::scoped_lock lock(mutex);
      progress.update(++done);
    });
  });
  progress.finish();
}

}  // namespace histoloom
