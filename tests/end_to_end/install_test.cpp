// The program takes its model along to where it is installed or copied.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace histoloom::test {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;

std::string help_of(const fs::path& program) {
  const Outcome help = run({"generate", "--help"}, program);
  EXPECT_EQ(help.code, 0) << help.err;
  return help.out;
}

TEST(Installed, TheProgramUsesTheModelThatIsInstalledWithIt) {
  const Folder folder;
  const Outcome install =
      run({"--install", HISTOLOOM_BUILD, "--prefix", folder.path().string()}, HISTOLOOM_CMAKE);
  ASSERT_EQ(install.code, 0) << install.err;
  const fs::path program = folder / "bin/histoloom", model = folder / "share/histoloom/models";
  EXPECT_THAT(help_of(program), HasSubstr((model / "default").string()));
  const Outcome mask =
      run({"mask", "-o", (folder / "m.tif").string(), "--size", "64x64", "--quiet"}, program);
  EXPECT_EQ(mask.code, 0) << mask.err;
  for (const char* file : {"LICENSE", "README.md", "CHANGES.md", "docs/formats.md"})
    EXPECT_TRUE(fs::exists(folder / "share/doc/histoloom" / file)) << file;

  // Moved as a whole it still does.
  fs::create_directory(folder / "moved");
  for (const char* part : {"bin", "libexec", "share"})
    fs::rename(folder / part, folder / "moved" / part);
  EXPECT_THAT(help_of(folder / "moved/bin/histoloom"),
              HasSubstr((folder / "moved/share/histoloom/models/default").string()));
  const Outcome moved =
      run({"mask", "-o", (folder / "n.tif").string(), "--size", "64x64", "--quiet"},
          folder / "moved/bin/histoloom");
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_EQ(bytes_of(folder / "n.tif"), bytes_of(folder / "m.tif"));
}

TEST(Copied, TheProgramUsesTheModelBesideItOrElseThatOfItsTree) {
  const Folder folder;
  const fs::path program = folder / "histoloom";
  fs::copy_file(HISTOLOOM_PROGRAM, program);
  EXPECT_THAT(help_of(program), HasSubstr(HISTOLOOM_SOURCE "/models/default"));
  fs::create_directories(folder / "models/default");
  fs::copy_file(fs::path(HISTOLOOM_SOURCE) / "models/default/model.json",
                folder / "models/default/model.json");
  EXPECT_THAT(help_of(program), HasSubstr((folder / "models/default").string()));
}

}  // namespace
}  // namespace histoloom::test
