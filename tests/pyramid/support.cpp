#include "support.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <tiffio.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

namespace histoloom::pyramid::test {

Picture blank(std::int64_t width, std::int64_t height, int channels, std::uint8_t value) {
  return {width, height, channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels), value)};
}

Picture waves(std::int64_t width, std::int64_t height, int channels) {
  Picture p = blank(width, height, channels);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const double phase = static_cast<double>(x) / 161 + static_cast<double>(y) / 153;
        p.at(x, y, c) = static_cast<std::uint8_t>(140 + 60 * std::sin(phase) + 10 * c);
      }
    }
  }
  return p;
}

Picture noise(std::int64_t width, std::int64_t height, int channels, int limit) {
  Picture p = blank(width, height, channels);
  std::mt19937 random(static_cast<unsigned>(width * 31 + height));
  for (auto& value : p.pixels) value = static_cast<std::uint8_t>(random() % unsigned(limit));
  return p;
}

namespace {

std::uint8_t reduce_window(const std::vector<int>& values, Reduction how) {
  if (how == Reduction::mean) {
    double sum = 0;
    for (const int v : values) sum += v;
    return static_cast<std::uint8_t>(std::nearbyint(sum / static_cast<double>(values.size())));
  }
  int best = values[0];
  for (const int v : values) {
    if (std::count(values.begin(), values.end(), v) >
        std::count(values.begin(), values.end(), best)) {
      best = v;
    }
  }
  return static_cast<std::uint8_t>(best);
}

}  // namespace

Picture shrunk(const Picture& in, int factor, Reduction how) {
  Picture out =
      blank((in.width + factor - 1) / factor, (in.height + factor - 1) / factor, in.channels);
  std::vector<int> values;
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < out.width; ++x) {
      for (int c = 0; c < in.channels; ++c) {
        values.clear();
        for (std::int64_t v = y * factor; v < std::min((y + 1) * factor, in.height); ++v) {
          for (std::int64_t u = x * factor; u < std::min((x + 1) * factor, in.width); ++u) {
            values.push_back(in.at(u, v, c));
          }
        }
        out.at(x, y, c) = reduce_window(values, how);
      }
    }
  }
  return out;
}

double mean_difference(const Picture& a, const Picture& b) {
  if (a.pixels.size() != b.pixels.size() || a.width != b.width) return 1e9;
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

namespace {

class MemorySink final : public Sink {
 public:
  explicit MemorySink(MemoryFile& file) : file_(file) {}
  std::uint64_t found() override { return file_.bytes.size(); }
  void cut(std::uint64_t size) override { file_.bytes.resize(size); }
  void append(std::span<const std::uint8_t> bytes) override {
    count();
    file_.bytes.insert(file_.bytes.end(), bytes.begin(), bytes.end());
  }
  void read_at(std::uint64_t offset, std::span<std::uint8_t> bytes) override {
    count();
    std::copy_n(file_.bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(),
                bytes.begin());
  }
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    count();
    std::copy(bytes.begin(), bytes.end(),
              file_.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void sync() override { count(); }
  void commit() override {
    count();
    file_.committed = true;
  }
  void suspend() noexcept override { file_.suspended = true; }
  void discard() noexcept override { file_.discarded = true; }

 private:
  void count() {
    if (file_.calls++ != file_.fail_at) return;
    if (file_.full) throw DiskFull("writing slide.svs: No space left on device after 1 KiB");
    throw UserError("writing slide.svs: Input/output error");
  }
  MemoryFile& file_;
};

}  // namespace

std::unique_ptr<Sink> sink_to(MemoryFile& file) { return std::make_unique<MemorySink>(file); }

WriterOptions options_for(const Picture& picture) {
  WriterOptions options;
  options.size = {picture.width, picture.height};
  options.channels = picture.channels;
  options.threads = 2;
  return options;
}

WriterOptions full_options(const Picture& picture, Profile profile) {
  WriterOptions options = options_for(picture);
  options.profile = profile;
  options.mpp = 0.5;
  options.objective_power = 20;
  options.date = "2026-11-20T12:00:00";
  options.title = "a slide";
  options.label_lines = {"A slide", "seed 7", "2026-11-20"};
  return options;
}

namespace {

WriteSummary feed(PyramidWriter& writer, const Picture& picture, std::int64_t rows) {
  for (std::int64_t y = 0; y < picture.height; y += rows) {
    writer.write_rows(picture.rows(y, std::min(rows, picture.height - y)));
  }
  return writer.finish();
}

}  // namespace

WriteSummary write(const std::filesystem::path& path, const Picture& picture,
                   const WriterOptions& options, std::int64_t rows) {
  PyramidWriter writer(path, options);
  return feed(writer, picture, rows);
}

MemoryFile write_to_memory(const Picture& picture, const WriterOptions& options) {
  MemoryFile file;
  PyramidWriter writer(sink_to(file), "memory", options);
  feed(writer, picture, 7);
  return file;
}

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

namespace {

int complain(TIFF*, void* data, const char* module, const char* format, va_list arguments) {
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  static_cast<std::vector<std::string>*>(data)->push_back(
      fmt::format("{}: {}", module == nullptr ? "" : module, text.data()));
  return 1;
}

template <class T>
T field(TIFF* tiff, std::uint32_t tag, T value = {}) {
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

std::string text_field(TIFF* tiff, std::uint32_t tag) {
  const char* text = nullptr;
  return TIFFGetField(tiff, tag, &text) == 1 ? text : "";
}

// All pixels through libtiff's decoder, tile by tile or strip by strip.
Picture decode(TIFF* tiff, bool tiled) {
  Picture p = blank(field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH),
                    field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH),
                    field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL));
  if (field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION) == COMPRESSION_JPEG) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  const std::int64_t w = tiled ? field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH) : p.width;
  const std::int64_t h = tiled ? field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH)
                               : field<std::uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP);
  std::vector<std::uint8_t> piece(static_cast<std::size_t>(w * h * p.channels));
  const auto size = static_cast<tmsize_t>(piece.size());
  std::uint32_t index = 0;
  for (std::int64_t y = 0; y < p.height; y += h) {
    for (std::int64_t x = 0; x < p.width; x += w, ++index) {
      const tmsize_t got = tiled ? TIFFReadEncodedTile(tiff, index, piece.data(), size)
                                 : TIFFReadEncodedStrip(tiff, index, piece.data(), size);
      if (got <= 0) return {};
      for (std::int64_t row = 0; row < std::min(h, p.height - y); ++row) {
        std::copy_n(piece.begin() + row * w * p.channels, std::min(w, p.width - x) * p.channels,
                    p.pixels.begin() + ((y + row) * p.width + x) * p.channels);
      }
    }
  }
  return p;
}

ReadDirectory read_directory(TIFF* tiff) {
  ReadDirectory d;
  d.tiled = TIFFIsTiled(tiff) != 0;
  d.subfile = field<std::uint32_t>(tiff, TIFFTAG_SUBFILETYPE);
  d.photometric = field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC);
  d.compression = field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION);
  d.description = text_field(tiff, TIFFTAG_IMAGEDESCRIPTION);
  d.software = text_field(tiff, TIFFTAG_SOFTWARE);
  d.date = text_field(tiff, TIFFTAG_DATETIME);
  d.x_resolution = field<float>(tiff, TIFFTAG_XRESOLUTION);
  d.resolution_unit = field<std::uint16_t>(tiff, TIFFTAG_RESOLUTIONUNIT);
  std::uint32_t count = 0;
  const void* data = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_XMLPACKET, &count, &data) == 1) {
    d.xmp.assign(static_cast<const char*>(data), count);
  }
  if (TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &count, &data) == 1) d.icc_bytes = count;
  const std::uint32_t pieces = d.tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  for (std::uint32_t i = 0; i < pieces; ++i) {
    d.offsets.push_back(TIFFGetStrileOffset(tiff, i));
    d.sizes.push_back(TIFFGetStrileByteCount(tiff, i));
  }
  d.picture = decode(tiff, d.tiled);
  return d;
}

}  // namespace

ReadFile read_tiff(const std::filesystem::path& path) {
  ReadFile file;
  TIFFOpenOptions* handlers = TIFFOpenOptionsAlloc();
  TIFFOpenOptionsSetErrorHandlerExtR(handlers, complain, &file.complaints);
  TIFFOpenOptionsSetWarningHandlerExtR(handlers, complain, &file.complaints);
  TIFF* tiff = TIFFOpenExt(path.c_str(), "r", handlers);
  TIFFOpenOptionsFree(handlers);
  if (tiff == nullptr) return file;
  file.big = TIFFIsBigTIFF(tiff) != 0;
  std::vector<std::uint64_t> children;
  do {
    std::uint16_t count = 0;
    std::uint64_t* offsets = nullptr;
    if (file.chain.empty() && TIFFGetField(tiff, TIFFTAG_SUBIFD, &count, &offsets) == 1) {
      children.assign(offsets, offsets + count);
    }
    file.chain.push_back(read_directory(tiff));
  } while (TIFFReadDirectory(tiff) == 1);
  for (const std::uint64_t offset : children) {
    TIFFSetSubDirectory(tiff, offset);
    file.children.push_back(read_directory(tiff));
  }
  TIFFClose(tiff);
  return file;
}

Output shell(const std::string& command) {
  Output out;
  // A sanitized library of ours is none for programs of others.
  FILE* pipe = popen(("unset LD_LIBRARY_PATH; " + command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer{};
  std::size_t n = 0;
  while ((n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    out.text.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  out.rc = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

}  // namespace histoloom::pyramid::test
