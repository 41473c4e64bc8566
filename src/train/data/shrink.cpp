#include "shrink.h"

namespace histoloom {

PixelSize shrunk_size(PixelSize size, double shrink) {
  const auto shrunk = [shrink](std::int64_t length) {
    return static_cast<std::int64_t>(static_cast<double>(length) / shrink + 1e-6);
  };
  return {shrunk(size.width), shrunk(size.height)};
}

at::Tensor shrink_picture(const at::Tensor& picture, double shrink) {
  if (shrink == 1) return picture;
  const PixelSize size = shrunk_size({picture.size(2), picture.size(1)}, shrink);
  return at::_upsample_bicubic2d_aa(picture.unsqueeze(0).contiguous(), {size.height, size.width},
                                    /*align_corners=*/false, 1 / shrink, 1 / shrink)
      .squeeze(0)
      .clamp(0, 1);
}

Picture shrink_picture(const Picture& picture, double shrink) {
  at::NoGradGuard no_grad;
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(picture.samples.data()),
                    {picture.size.height, picture.size.width, picture.channels}, at::kByte);
  const at::Tensor shrunk =
      (shrink_picture(bytes.permute({2, 0, 1}).to(at::kFloat) / 255, shrink) * 255)
          .round()
          .to(at::kByte)
          .permute({1, 2, 0})
          .contiguous();
  Picture out{{shrunk.size(1), shrunk.size(0)}, {}, picture.channels};
  out.samples.assign(shrunk.data_ptr<std::uint8_t>(),
                     shrunk.data_ptr<std::uint8_t>() + shrunk.numel());
  return out;
}

}  // namespace histoloom
