// A program goes by the code of an error: every way to fail has the code that says what to do.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <ostream>
#include <span>

#include "edit_output.h"
#include "histoloom/pyramid/tile_editor.h"
#include "support.h"

namespace histoloom {
static void PrintTo(ErrorCode code, std::ostream* out) { *out << name_of(code); }
}  // namespace histoloom

namespace histoloom::pyramid::test {
namespace {

// Pictures of 300 × 200 px, in tiles that are stored as they are.
WriterOptions plain() {
  WriterOptions options = options_for(blank(300, 200, 3));
  options.compression = Compression::none;
  return options;
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

ErrorCode code_of_options(void (*change)(WriterOptions&)) {
  WriterOptions options = plain();
  change(options);
  MemoryFile file;
  return code_of([&] { PyramidWriter(sink_to(file), "memory", options); });
}

TEST(ErrorCode, OfAnOptionThatNoProfileAccepts) {
  EXPECT_EQ(code_of_options([](auto& o) { o.tile = 500; }), ErrorCode::invalid_option);
  EXPECT_EQ(code_of_options([](auto& o) { o.quality = 0; }), ErrorCode::invalid_option);
  EXPECT_EQ(code_of_options([](auto& o) { o.mpp = -1; }), ErrorCode::invalid_option);
  EXPECT_EQ(code_of_options([](auto& o) { o.date = "today"; }), ErrorCode::invalid_option);
  EXPECT_EQ(code_of([] { parse_profile("SVS"); }), ErrorCode::invalid_option);
  EXPECT_EQ(code_of([] { parse_compression("zip"); }), ErrorCode::invalid_option);
  EXPECT_EQ(code_of([] { profile_for("a.png"); }), ErrorCode::invalid_option);
}

TEST(ErrorCode, OfAnOptionThatAnotherProfileAccepts) {
  EXPECT_EQ(code_of_options([](auto& o) {
              o.profile = Profile::svs;
              o.channels = 1;
            }),
            ErrorCode::unsupported);
  EXPECT_EQ(code_of_options([](auto& o) {
              o.associated = {{"label", {1, 1}, {0, 0, 0}}};
            }),
            ErrorCode::unsupported);
}

TEST(ErrorCode, OfAPathThatIsNotThere) {
  const ScratchDirectory scratch;
  const auto missing = scratch / "missing/a.tif";
  EXPECT_EQ(code_of([&] { PyramidWriter(missing, plain()); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { pyramid::read_tiff(missing); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { TileEditor{missing}; }), ErrorCode::not_found);
  write_text(scratch / "file", "text");
  EXPECT_EQ(code_of([&] { PyramidWriter(scratch / "file/a.tif", plain()); }), ErrorCode::not_found);
}

TEST(ErrorCode, OfADirectoryInAFilesPlace) {
  const ScratchDirectory scratch;
  std::filesystem::create_directories(scratch / "a.tif/in the way");
  EXPECT_EQ(code_of([&] { pyramid::read_tiff(scratch / "a.tif"); }), ErrorCode::not_a_file);
  EXPECT_EQ(code_of([&] { write(scratch / "a.tif", blank(300, 200, 3), plain()); }),
            ErrorCode::not_a_file);
}

// The errors of the system, injected where the finished file gets its name.
TEST(ErrorCode, OfTheSystemsErrors) {
  const ScratchDirectory scratch;
  const auto code_for = [&](int value) {
    FileCalls calls = system_calls();
    calls.rename = [value](const char*, const char*) {
      errno = value;
      return -1;
    };
    const Picture picture = blank(300, 200, 3);
    return code_of([&] {
      PyramidWriter writer(open_file_sink(scratch / "a.tif", calls), scratch / "a.tif", plain());
      writer.write_rows(picture.rows(0, picture.height));
      writer.finish();
    });
  };
  EXPECT_EQ(code_for(EACCES), ErrorCode::permission_denied);
  EXPECT_EQ(code_for(EROFS), ErrorCode::permission_denied);
  EXPECT_EQ(code_for(ENOSPC), ErrorCode::disk_full);
  EXPECT_EQ(code_for(EIO), ErrorCode::io_error);
}

TEST(ErrorCode, OfAFullDiskUnderAnEditor) {
  const ScratchDirectory scratch;
  write(scratch / "a.tif", blank(300, 200, 3), plain());
  const TileEditor editor(scratch / "a.tif");
  MemoryFile file;
  file.fail_at = 1;
  file.full = true;
  EXPECT_EQ(code_of([&] {
              editor.write(sink_to(file), {0, 0, 1, 1}, {9, 9, 9}, {});
            }),
            ErrorCode::disk_full);
}

TEST(ErrorCode, OfAFileThatAnotherProcessIsWriting) {
  const ScratchDirectory scratch;
  const PyramidWriter first(scratch / "a.tif", plain());
  EXPECT_EQ(code_of([&] { PyramidWriter(scratch / "a.tif", plain()); }), ErrorCode::in_use);
}

TEST(ErrorCode, OfAFileThatIsNoTiff) {
  const ScratchDirectory scratch;
  write_text(scratch / "a.tif", "no picture at all");
  EXPECT_EQ(code_of([&] { pyramid::read_tiff(scratch / "a.tif"); }), ErrorCode::wrong_format);
  EXPECT_EQ(code_of([&] { TileEditor{scratch / "a.tif"}; }), ErrorCode::wrong_format);
}

TEST(ErrorCode, OfATruncatedFile) {
  const ScratchDirectory scratch;
  write(scratch / "a.tif", blank(300, 200, 3), plain());
  std::filesystem::resize_file(scratch / "a.tif",
                               std::filesystem::file_size(scratch / "a.tif") / 2);
  EXPECT_EQ(code_of([&] { pyramid::read_tiff(scratch / "a.tif"); }), ErrorCode::damaged_file);
  // A header alone, which leads nowhere; a BigTIFF that ends in its header.
  write_text(scratch / "b.tif", std::string_view("II*\0\0\0\0\0", 8));
  EXPECT_EQ(code_of([&] { pyramid::read_tiff(scratch / "b.tif"); }), ErrorCode::damaged_file);
  write_text(scratch / "c.tif", std::string_view("II+\0\x08\0\0\0", 8));
  EXPECT_EQ(code_of([&] { pyramid::read_tiff(scratch / "c.tif"); }), ErrorCode::damaged_file);
}

TEST(ErrorCode, OfATileThatDoesNotDecode) {
  const ScratchDirectory scratch;
  WriterOptions options = plain();
  options.compression = Compression::deflate;
  write(scratch / "a.tif", noise(300, 200, 3), options);
  const auto offset = test::read_tiff(scratch / "a.tif").chain[0].offsets[0];
  std::fstream file(scratch / "a.tif", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset)).write("damaged", 7);
  file.close();
  const TileEditor editor(scratch / "a.tif");
  EXPECT_EQ(code_of([&] { editor.read({0, 0, 1, 1}); }), ErrorCode::damaged_file);
}

TEST(ErrorCode, OfASlideThatCanNotBeEdited) {
  const ScratchDirectory scratch;
  write(scratch / "grey.tif", blank(300, 200, 1), options_for(blank(300, 200, 1)));
  EXPECT_EQ(code_of([&] { TileEditor{scratch / "grey.tif"}; }), ErrorCode::unsupported);
}

// Counts what it is given.
class NullSink final : public Sink {
 public:
  std::uint64_t found() override { return 0; }
  void cut(std::uint64_t) override {}
  void append(std::span<const std::uint8_t>) override {}
  void read_at(std::uint64_t, std::span<std::uint8_t>) override {}
  void write_at(std::uint64_t, std::span<const std::uint8_t>) override {}
  void sync() override {}
  void commit() override {}
  void suspend() noexcept override {}
  void discard() noexcept override {}
};

TEST(ErrorCode, OfAnEditedClassicTiffThatWouldPassFourGibibytes) {
  NullSink sink;
  EditOutput output(sink, "a.tif", false, true);
  const std::vector<std::uint8_t> bytes(std::size_t{64} << 20);
  for (int i = 0; i < 63; ++i) output.append(bytes);
  EXPECT_EQ(code_of([&] { output.append(bytes); }), ErrorCode::too_large);
}

TEST(ErrorCode, OfAWrittenClassicTiffThatWouldPassFourGibibytes) {
  WriterOptions options = plain();
  options.size = {65536, 22000};
  options.container = Container::classic;
  options.levels = 1;
  options.associated_images = kNoAssociated;
  PyramidWriter writer(std::make_unique<NullSink>(), "a.tif", options);
  const Picture rows = noise(65536, 5, 3);
  // Rows that begin at ever other places of 4 rows of noise, so that hardly two tiles are equal.
  for (std::int64_t y = 0; y < options.size.height; ++y) {
    const std::int64_t start = y * 4099 % (4 * rows.stride() - 1);
    writer.write_rows({rows.pixels.data() + start, {65536, 1}, 3, 0});
  }
  EXPECT_EQ(code_of([&] { writer.finish(); }), ErrorCode::too_large);
}

}  // namespace
}  // namespace histoloom::pyramid::test
