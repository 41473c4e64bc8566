#include "histoloom/labels/annotation_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <streambuf>

#include "annotation_mask.h"
#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/core/readable.h"

namespace histoloom {

namespace {

constexpr std::size_t kAtOnce = 65536;  // bytes

// The bytes of a file, unpacked if gzip packed them. zlib tells which by the first two.
class UnpackedBytes final : public std::streambuf {
 public:
  explicit UnpackedBytes(const std::filesystem::path& path)
      : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (file_ == nullptr)
      throw UserError(fmt::format("{}: can't be read; check the path", path.string()));
  }
  ~UnpackedBytes() override { gzclose(file_); }

 protected:
  int_type underflow() override {
    const int count = gzread(file_, bytes_.data(), static_cast<unsigned>(bytes_.size()));
    int code = Z_OK;
    gzerror(file_, &code);
    if (count < 0 || code != Z_OK)
      throw UserError(fmt::format(
          "{} is truncated or damaged: gzip can't unpack it; fetch it again", path_.string()));
    if (count == 0) return traits_type::eof();
    setg(bytes_.data(), bytes_.data(), bytes_.data() + count);
    return traits_type::to_int_type(bytes_[0]);
  }

 private:
  std::filesystem::path path_;
  gzFile file_;
  std::array<char, kAtOnce> bytes_{};
};

class AnnotationStream final : public std::istream {
 public:
  explicit AnnotationStream(const std::filesystem::path& path)
      : std::istream(nullptr), bytes_(path) {
    rdbuf(&bytes_);
  }

 private:
  UnpackedBytes bytes_;
};

}  // namespace

bool is_annotation_name(std::string_view name) {
  std::string lower = ascii_lower(name);
  if (lower.ends_with(".gz")) lower.resize(lower.size() - 3);
  return lower.ends_with(".geojson") || lower.ends_with(".json");
}

std::unique_ptr<std::istream> open_annotation_file(const std::filesystem::path& path) {
  require_readable(path, "annotations, NAME.geojson");
  return std::make_unique<AnnotationStream>(path);
}

std::unique_ptr<LabelField> read_annotations(const std::filesystem::path& path,
                                             const LabelSet& labels,
                                             const AnnotatedSlideSize& slide) {
  return mask_of_annotations(*open_annotation_file(path), path.string(), labels,
                             {slide.drawn, slide.factor, labels.unknown(),
                              "is it of another slide? If not, remove it", slide.scaled});
}

}  // namespace histoloom
