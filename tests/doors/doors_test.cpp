// Every door by which a picture or a label comes in against every kind of file that other programs
// write: a cell of the table is what the door makes of the kind, the refusal that all doors share,
// or the reason why the two don't meet.
#include "doors.h"

#include <gmock/gmock.h>

#include <map>

#include "histoloom/evaluate/patch_source.h"
#include "histoloom/train/image_set.h"
#include "kinds.h"
#include "support/scratch.h"

namespace histoloom::doors {
namespace {

struct Cell {
  Kind kind;
  Door door;
};

std::vector<Cell> cells() {
  std::vector<Cell> out;
  for (const Kind& kind : all_kinds())
    for (const Door& door : all_doors()) out.push_back({kind, door});
  return out;
}

class Doors : public testing::TestWithParam<Cell> {};

TEST_P(Doors, MakeOfAKindWhatTheTableSays) {
  const auto& [kind, door] = GetParam();
  const std::string expected = kind.cells.at(door.name);
  ASSERT_FALSE(expected.empty());
  if (expected[0] == '-') {
    RecordProperty("not_applicable", expected.substr(1));
    return;
  }
  const ScratchDirectory folder;
  kind.write(folder / kind.file);
  std::string found;
  const std::string refusal = message_of([&] { found = door.open(folder / kind.file); });
  if (expected[0] == '!')
    EXPECT_THAT(refusal, testing::HasSubstr(expected.substr(1))) << found;
  else
    EXPECT_EQ(refusal + found, expected);
}

std::string name_of(const testing::TestParamInfo<Cell>& info) {
  std::string out = std::string(info.param.kind.name) + " " + info.param.door.name;
  std::erase_if(out, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return out;
}

INSTANTIATE_TEST_SUITE_P(Table, Doors, testing::ValuesIn(cells()), name_of);

TEST(DoorTable, IsWholeAndSaysHowManyCellsDontApply) {
  std::map<char, int> counts;
  for (const Cell& cell : cells()) {
    const char first = cell.kind.cells.at(cell.door.name).at(0);
    ++counts[first == '-' || first == '!' ? first : '+'];
  }
  EXPECT_EQ(counts['+'] + counts['-'] + counts['!'], 9 * 23);
  EXPECT_EQ(counts['-'], 113) << counts['+'] << " right, " << counts['!'] << " refused";
}

// Folders: what macOS leaves beside pictures is none.
TEST(DoorsOfFolders, PassOverNamesThatBeginWithADot) {
  const ScratchDirectory folder;
  plain_picture(folder.path(), "a.tif");
  for (const char* name : {"._a.tif", ".b.png", "._a_mask.tif", ".c.jpeg", ".DS_Store.png"})
    write_bytes(folder / name, std::string("\0\5\x16\7", 4) + "Mac OS X");
  ImageSetOptions options;
  options.images = folder.path();
  EXPECT_EQ(read_image_set(options, labels()).size(), 1u);
  EXPECT_EQ(evaluate::open_patch_sources({folder.path()}).size(), 1u);
}

}  // namespace
}  // namespace histoloom::doors
