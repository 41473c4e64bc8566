#include <fmt/format.h>

#include <utility>

#include "findings.h"
#include "rules.h"

namespace histoloom::pyramid {
namespace {

class DirectoryCheck {
 public:
  DirectoryCheck(const TiffImage& image, const std::string& where, AperioPart part, Findings& out)
      : image_(image), where_(where), part_(part), out_(out) {}

  void run() {
    for (const std::string& defect : image_.defects) error("{}", defect);
    check_pieces();
    check_pixels();
    if (image_.jpeg) check_jpeg(*image_.jpeg);
  }

 private:
  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    out_.push_back(
        {Severity::error, where_ + ": " + fmt::format(text, std::forward<Args>(args)...)});
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> text, Args&&... args) {
    out_.push_back(
        {Severity::warning, where_ + ": " + fmt::format(text, std::forward<Args>(args)...)});
  }

  void check_pieces() {
    const PieceCount& p = image_.pieces;
    const char* what = image_.tiled ? "tile" : "strip";
    if (p.offsets < p.expected || p.sizes < p.expected) {
      error("lists {} offsets and {} sizes, but has {} {}s", p.offsets, p.sizes, p.expected, what);
    }
    if (p.missing > 0) check_missing(p, what);
    if (p.outside > 0) {
      error("{} of {} {}s lie past the end of the file; it is truncated", p.outside, p.expected,
            what);
    }
    if (!p.scanned) warning("{} {}s are too many to look at", p.expected, what);
    if (image_.tiled &&
        (image_.piece.empty() || image_.piece.width % 16 != 0 || image_.piece.height % 16 != 0)) {
      error("tiles of {}x{} px; the sides must be multiples of 16", image_.piece.width,
            image_.piece.height);
    }
  }

  // OpenSlide, openslide-vendor-aperio.c: a tile without bytes is drawn from the level above it.
  void check_missing(const PieceCount& p, const char* what) {
    if (part_ == AperioPart::none || p.empty < p.missing) {
      error(
          "{} of {} {}s are missing (offset or size is 0); OpenSlide up to 4.0 and libvips fail "
          "there",
          p.missing, p.expected, what);
    } else if (part_ == AperioPart::base) {
      error(
          "{} of {} {}s are missing (size is 0); OpenSlide shows nothing there, nor in the reduced "
          "levels, and libvips fails",
          p.missing, p.expected, what);
    } else {
      error(
          "{} of {} {}s are missing (size is 0); OpenSlide draws them from the next larger level, "
          "libvips fails",
          p.missing, p.expected, what);
    }
  }

  void check_pixels() {
    const bool jpeg2000 = image_.compression == 33003 || image_.compression == 33005;
    if (!libtiff_decodes(image_.compression) && !jpeg2000) {
      error("compression {} is one that libtiff doesn't decode", image_.compression);
    } else if (image_.compression == 6) {
      warning("compression 6 (old JPEG) is read by few; use 7");
    }
    if (image_.photometric < 0) error("PhotometricInterpretation is absent");
    if (image_.planar == 2) warning("colour planes are stored apart; ASAP refuses it");
    if (image_.bits_per_sample() != 8) {
      warning("{} bits a sample; slide viewers expect 8", image_.bits_per_sample());
    }
    if (!image_.bits.empty() && static_cast<int>(image_.bits.size()) < image_.samples &&
        image_.samples <= 16) {
      error("BitsPerSample has {} values for {} samples", image_.bits.size(), image_.samples);
    }
  }

  // OpenSlide goes by the tags, others by the stream: both must tell the truth.
  void check_jpeg(const JpegHeader& jpeg) {
    const int samples = image_.planar == 2 ? 1 : image_.samples;
    if (jpeg.components != samples) {
      error("SamplesPerPixel is {}, but its JPEG has {} components", samples, jpeg.components);
      return;
    }
    if (image_.tiled && jpeg.size != image_.piece) {
      error("tiles are {}x{} px, but its JPEG is {}x{}", image_.piece.width, image_.piece.height,
            jpeg.size.width, jpeg.size.height);
    }
    if (samples != 3) return;
    if (jpeg.adobe_transform && (image_.photometric == 2 || image_.photometric == 6) &&
        (*jpeg.adobe_transform == 1) != (image_.photometric == 6)) {
      error(
          "PhotometricInterpretation says {}, but the JPEG's Adobe marker says {}; readers show "
          "different colours",
          image_.photometric == 6 ? "YCbCr" : "RGB", *jpeg.adobe_transform == 1 ? "YCbCr" : "RGB");
    }
    const bool subsampled = jpeg.sampling_x > 1 || jpeg.sampling_y > 1;
    if (image_.photometric == 2 && subsampled) {
      error("PhotometricInterpretation says RGB, but its JPEG has subsampled chroma");
    } else if (image_.photometric == 2 && jpeg.jfif && !jpeg.adobe_transform) {
      error(
          "PhotometricInterpretation says RGB, but its JPEG is JFIF, which means YCbCr; readers "
          "show different colours");
    }
    const PixelSize chroma = image_.chroma.value_or(PixelSize{2, 2});
    if (image_.photometric == 6 && chroma != PixelSize{jpeg.sampling_x, jpeg.sampling_y}) {
      warning("YCbCrSubSampling {} {}x{}, but its JPEG has {}x{}", image_.chroma ? "is" : "means",
              chroma.width, chroma.height, jpeg.sampling_x, jpeg.sampling_y);
    }
  }

  const TiffImage& image_;
  const std::string& where_;
  AperioPart part_;
  Findings& out_;
};

}  // namespace

void check_directory(const TiffImage& image, const std::string& where, AperioPart part,
                     Findings& out) {
  DirectoryCheck(image, where, part, out).run();
}

}  // namespace histoloom::pyramid
