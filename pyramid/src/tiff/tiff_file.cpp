// Reads in two steps: first every directory's entries (tiff_parser), so that a broken chain is
// refused before anything else is looked at; then the facts, directory by directory.
#include "histoloom/pyramid/tiff_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "histoloom/core/error.h"
#include "tiff_parser.h"
#include "tiff_pieces.h"

namespace histoloom::pyramid {
namespace {

constexpr std::size_t kMaxDirectories = 1024;
constexpr std::uint64_t kMaxChildren = 64;   // SubIFDs of one directory that are looked at
constexpr std::uint64_t kMaxXml = 4u << 20;  // OME-XML of a large project
constexpr std::uint64_t kMaxText = 4096;
constexpr std::uint64_t kMaxPieces = 1u << 27;  // tiles looked at in all: 5 million megapixels
constexpr std::uint64_t kMaxSide = 0xFFFFFFFFu;

struct Chain {
  std::vector<RawDirectory> main;
  std::vector<std::vector<RawDirectory>> children;  // of each
  std::vector<bool> shares;                         // a child stands in the main chain, too
};

Chain read_chain(TiffParser& parser, const std::string& name) {
  Chain chain;
  std::set<std::uint64_t> seen;
  for (std::uint64_t at = parser.first_directory(); at != 0; at = chain.main.back().next) {
    if (!seen.insert(at).second) {
      throw UserError(fmt::format("{}: its directories run in a circle, directory {} leads back to "
                                  "byte {}; the file is damaged",
                                  name, chain.main.size() - 1, at),
                      ErrorCode::damaged_file);
    }
    if (chain.main.size() == kMaxDirectories) {
      throw UserError(fmt::format("{}: has more than {} directories, which no slide has", name,
                                  kMaxDirectories),
                      ErrorCode::damaged_file);
    }
    chain.main.push_back(parser.directory(at, fmt::format("directory {}", chain.main.size())));
  }
  if (chain.main.empty())
    throw UserError(fmt::format("{}: the TIFF file holds no image", name), ErrorCode::damaged_file);
  std::size_t total = chain.main.size();
  for (std::size_t i = 0; i < chain.main.size(); ++i) {
    chain.children.emplace_back();
    chain.shares.push_back(false);
    const TiffField* field = chain.main[i].find(330);
    if (field == nullptr) continue;
    for (const std::uint64_t at : parser.integers(*field, 0, kMaxChildren)) {
      chain.shares[i] = chain.shares[i] || seen.contains(at);
      if (++total > kMaxDirectories) {
        throw UserError(fmt::format("{}: has more than {} directories, which no slide has", name,
                                    kMaxDirectories),
                        ErrorCode::damaged_file);
      }
      chain.children[i].push_back(parser.directory(
          at, fmt::format("SubIFD {} of directory {}", chain.children[i].size(), i)));
    }
  }
  return chain;
}

class FactReader {
 public:
  FactReader(const TiffParser& parser, const RawDirectory& directory, bool first)
      : parser_(parser), d_(directory), text_limit_(first ? kMaxXml : kMaxText) {}

  TiffImage read(std::uint64_t& budget) {
    image_.at = d_.at;
    image_.defects = d_.defects;
    read_geometry();
    read_pixels();
    read_scale();
    read_texts();
    if (image_.size.empty()) image_.defects.push_back("ImageWidth or ImageLength is 0 or absent");
    read_pieces(parser_, d_, image_, budget);
    image_.truncated = d_.truncated || image_.pieces.outside > 0;
    return std::move(image_);
  }

 private:
  std::optional<std::uint64_t> integer(std::uint16_t tag) const {
    const TiffField* field = d_.find(tag);
    if (field == nullptr) return std::nullopt;
    const auto values = parser_.integers(*field, 0, 1);
    if (values.empty()) return std::nullopt;
    return values[0];
  }
  int small(std::uint16_t tag, int otherwise) const {
    return static_cast<int>(std::min<std::uint64_t>(
        integer(tag).value_or(static_cast<std::uint64_t>(otherwise)), 65536));
  }
  std::int64_t side(std::uint16_t tag, std::uint64_t otherwise) const {
    return static_cast<std::int64_t>(std::min(integer(tag).value_or(otherwise), kMaxSide));
  }
  std::string text(std::uint16_t tag) const {
    const TiffField* field = d_.find(tag);
    return field == nullptr ? "" : parser_.text(*field, text_limit_);
  }

  void read_geometry() {
    image_.size = {side(256, 0), side(257, 0)};
    image_.tiled = d_.find(322) != nullptr || d_.find(324) != nullptr;
    if (image_.tiled) {
      image_.piece = {side(322, 0), side(323, 0)};
    } else {
      image_.piece = {image_.size.width,
                      std::min(side(278, kMaxSide), std::max<std::int64_t>(1, image_.size.height))};
    }
    image_.subfile =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(integer(254).value_or(0), 0xFFFFFFFFu));
    if (const auto depth = integer(32997)) image_.depth = static_cast<std::uint32_t>(*depth);
  }

  void read_pixels() {
    image_.compression = small(259, 1);
    image_.photometric = integer(262) ? small(262, 0) : -1;
    image_.planar = small(284, 1);
    image_.samples = std::max(1, small(277, 1));
    image_.predictor = small(317, 1);
    image_.sample_format = small(339, 1);
    if (const TiffField* field = d_.find(258)) {
      for (const std::uint64_t v : parser_.integers(*field, 0, 16)) {
        image_.bits.push_back(static_cast<int>(std::min<std::uint64_t>(v, 65536)));
      }
    }
    image_.has_jpeg_tables = d_.find(347) != nullptr;
    if (const TiffField* field = d_.find(530)) {
      const auto chroma = parser_.integers(*field, 0, 2);
      if (chroma.size() == 2) {
        image_.chroma = {static_cast<std::int64_t>(chroma[0]),
                         static_cast<std::int64_t>(chroma[1])};
      }
    }
  }

  void read_scale() {
    if (const TiffField* field = d_.find(282)) image_.x_resolution = parser_.rational(*field);
    if (const TiffField* field = d_.find(283)) image_.y_resolution = parser_.rational(*field);
    if (integer(296)) image_.resolution_unit = small(296, 0);
  }

  void read_texts() {
    if (d_.find(270) != nullptr) image_.description = text(270);
    image_.software = text(305);
    image_.make = text(271);
    image_.xmp = text(700);
    image_.argos = text(65000);
    image_.hamamatsu = d_.find(65420) != nullptr;
    if (const TiffField* field = d_.find(34675)) image_.icc_bytes = field->count;
  }

  const TiffParser& parser_;
  const RawDirectory& d_;
  const std::uint64_t text_limit_;
  TiffImage image_;
};

}  // namespace

int stream_colours(const TiffImage& image) {
  constexpr int kJpeg = 7, kRgb = 2, kYcbcr = 6;
  if (image.compression != kJpeg || image.samples != 3 || image.planar != 1 || !image.jpeg ||
      image.jpeg->components != 3)
    return image.photometric;
  const JpegHeader& jpeg = *image.jpeg;
  const bool subsampled = jpeg.sampling_x > 1 || jpeg.sampling_y > 1;
  const bool ycbcr = jpeg.adobe_transform ? *jpeg.adobe_transform == 1 : jpeg.jfif || subsampled;
  if (image.photometric == kRgb && ycbcr) return kYcbcr;
  if (image.photometric == kYcbcr && jpeg.adobe_transform == 0) return kRgb;
  return image.photometric;
}

TiffFile read_tiff(ByteSource& source, const std::filesystem::path& path) {
  TiffParser parser(source, path.string());
  const Chain chain = read_chain(parser, path.string());
  TiffFile file{path, parser.big(), parser.little_endian(), parser.file_bytes(), {}};
  std::uint64_t budget = kMaxPieces;
  for (std::size_t i = 0; i < chain.main.size(); ++i) {
    TiffImage image = FactReader(parser, chain.main[i], i == 0).read(budget);
    for (const RawDirectory& child : chain.children[i]) {
      image.children.push_back(FactReader(parser, child, false).read(budget));
    }
    image.child_in_main_chain = chain.shares[i];
    file.chain.push_back(std::move(image));
  }
  return file;
}

TiffFile read_tiff(const std::filesystem::path& path) {
  const auto source = open_byte_source(path);
  return read_tiff(*source, path);
}

}  // namespace histoloom::pyramid
