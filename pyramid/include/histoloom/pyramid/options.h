// What a pyramidal TIFF is to be, and the pure functions that check and plan it.
//
// Words: a *level* is the image at one reduction. Level 0 is the image itself, level k is
// ceil(W / f^k) × ceil(H / f^k) px for a shrink factor f. A *tile* is the square that is compressed
// on its own. A *strip* is one row of tiles over the whole width of a level.
//
// Example: 333 × 2049 px with tiles of 256 px and factor 2. The levels are 333 × 2049, 167 × 1025,
// 84 × 513, 42 × 257 and 21 × 129; the last is the first that fits into one tile. OpenSlide calls
// the downsamples 1, 1.997, 3.979, 7.951 and 15.87: the mean of the two ratios of the sizes.
//
// Which profile (the same pixels, other bookkeeping):
//   generic  every tool that knows tiled TIFF. OpenSlide 3.4.1 shows no mpp and no magnification,
//            OpenSlide 4 shows the mpp. No associated images. As BigTIFF (above 4 GiB) QuPath
//            hands it to Bio-Formats, which sees one level: take svs or ome there.
//   svs      mpp, magnification, thumbnail, label and macro in all versions of OpenSlide, QuPath,
//            Bio-Formats, tifffile and cuCIM. RGB only.
//   ome      OME-TIFF with the reduced levels as SubIFDs: Bio-Formats, OMERO, QuPath, tifffile.
//            OpenSlide sees only level 0 of it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histoloom/core/geometry.h"

namespace histoloom::pyramid {

enum class Profile { generic, svs, ome };
enum class Compression { jpeg, deflate, lzw, none };
// JPEG's chroma: subsampled is 4:2:0, full is 4:4:4; automatic is 4:2:0 below quality 90.
enum class Chroma { automatic, subsampled, full };
// How a level is made from the one above:
//   mean  the mean of a window, for images
//   mode  the most frequent id of a window and, among equals, the first in reading order; for
//         labels
enum class Reduction { mean, mode };
// The kind of TIFF; automatic: classic if the finished file stays below 4 GiB, else BigTIFF.
enum class Container { automatic, classic, big };

// One class of a label image.
struct LabelClass {
  int id = 0;  // value of the pixels, 0..255
  std::string name;
  std::array<std::uint8_t, 3> colour{};
};

// The choice among the usual pictures next to the pyramid of svs and ome.
struct AssociatedChoice {
  bool label = true;
  bool macro = true;
  bool thumbnail = true;  // svs needs it
  // Whether `name` is chosen; every other name is.
  bool holds(std::string_view name) const;
};
constexpr AssociatedChoice kNoAssociated{false, false, false};

// A picture next to the pyramid, RGB, rows without gaps.
struct AssociatedImage {
  std::string name;  // "label", "macro", "thumbnail"; in ome any
  PixelSize size;
  std::vector<std::uint8_t> pixels;
};

constexpr int kMostLevels = 32;

struct WriterOptions {
  PixelSize size;    // size of level 0, to the pixel
  int channels = 3;  // samples a pixel: 3 for RGB, 1 for grey or labels
  Profile profile = Profile::generic;
  Compression compression = Compression::jpeg;
  int quality = 80;  // quality of JPEG, 1..100
  Chroma chroma = Chroma::automatic;
  int tile = 256;  // px a side, a multiple of 16
  int shrink = 2;  // factor from level to level, 2 or 4
  int levels = 0;  // number of levels, at most kMostLevels; 0: down to one tile
  Reduction reduction = Reduction::mean;
  Container container = Container::automatic;
  // Threads, whose number never changes a byte; 0: all that TBB may use, which is also the most.
  int threads = 0;

  std::optional<double> mpp;           // microns per pixel of level 0
  std::optional<int> objective_power;  // an integer: OpenSlide 3.4.1 shows no other
  std::string software = "Histoloom";
  // The slide's name in svs (Filename) and ome (Image Name). Not taken from the path, so that a
  // file's bytes don't depend on where it lies.
  std::string title = "slide";
  std::string description;  // ImageDescription of generic; Title in svs, Description in ome
  std::string date;         // "2026-11-20" or "2026-11-20T12:00:00"; empty: none
  // The job's own words on the drawn label (name, seed, date). SYNTHETIC is added unless
  // digital_source_type is empty.
  std::vector<std::string> label_lines;
  AssociatedChoice associated_images;
  // Pictures that the slide has already; each takes the place of the one that would be drawn. Drawn
  // pictures, and every thumbnail, get a width that nothing else in the main chain has: OpenLayers
  // shows nothing if two are equal.
  std::vector<AssociatedImage> associated;
  // Whether label and macro that weren't handed in are drawn; else they are left out.
  bool draw_missing = true;
  // What made the pixels, for XMP: trainedAlgorithmicMedia, algorithmicMedia; empty: no XMP (a
  // picture that isn't ours). If it is empty, label and macro don't say SYNTHETIC.
  std::string digital_source_type = "trainedAlgorithmicMedia";
  std::vector<std::uint8_t> icc_profile;  // ICC profile; empty: sRGB, or none for one channel

  std::vector<LabelClass> classes;  // classes of a label image; named in the description (generic)
  // Whether label images are stored with a colour map. Most viewers then show colours, but libvips
  // and OpenSlide hand out colours in place of ids and ASAP refuses the file.
  bool palette = false;
};

// Throws UserError with one line that names the option, the value and the limit, unless a file can
// be written so. The error's code is unsupported if another profile could (feature.h), else
// invalid_option. Pure: looks at no disk.
void validate(const WriterOptions& options);

// Throws UserError unless `text` is a date as WriterOptions::date holds it.
void require_date(std::string_view text);

// Names are "generic", "svs", "ome"; "jpeg", "deflate", "lzw", "none". Parsing another name throws
// UserError (invalid_option).
Profile parse_profile(std::string_view name);
Compression parse_compression(std::string_view name);
std::string_view name_of(Profile profile);
std::string_view name_of(Compression compression);

// "none", or some of label, macro and thumbnail: "label,macro". Throws UserError (invalid_option)
// for another text, and for a picture that the profile has no place for.
AssociatedChoice parse_associated(std::string_view names, Profile profile);

// The profile a file's name asks for: .svs; .ome.tif, .ome.tiff; .tif, .tiff. Throws UserError
// (invalid_option) that names the path for any other.
Profile profile_for(const std::filesystem::path& path);

// Sizes of the levels that will be stored, level 0 first.
std::vector<PixelSize> level_sizes(const WriterOptions& options);

// Bytes that a writer holds at most, the caller's rows excluded:
//   strips    W·T·C·(2 + 1/f + 1/f² + …)          3·W·T·C for f = 2
//   queue     4·N tiles of 3·T²·C bytes (encoder's scratch included), N threads
//   tiles     32 bytes each while writing, 24 more in finish()
//   preview   3 MiB for thumbnail and macro, a write buffer of 1 MiB
// Nothing else grows with the image: the height enters through the tiles alone.
std::uint64_t memory_bound(const WriterOptions& options);

// Upper bound for the tiles of all levels together.
std::uint64_t tile_count(const WriterOptions& options);

}  // namespace histoloom::pyramid
