// A hundred damaged files at every door by which a picture or a label comes in, through the program:
// an answer or one line, and nothing left behind. tests/doors/damage_test.cpp does the same in one
// process, with more kinds of files and more flips.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <stdexcept>

#include "support.h"
#include "support/damage.h"

namespace histoloom::test {
namespace {

namespace fs = std::filesystem;

class DamagedFiles {
 public:
  DamagedFiles() {
    const auto colour = [](int x, int y, int band) {
      return x < 128 && y < 128 ? 90 + (x * 7 + y * 5 + band * 40) % 120 : 245;
    };
    write_image(whole("p.png"), 256, 256, 3, colour);
    write_mask(whole("m.png"), 64, 64, [](int x, int y) { return x < 32 && y < 32 ? 1 : 0; });
    // As small as training takes a mask.
    write_mask(whole("t.png"), 512, 512, [](int x, int y) { return x < 256 && y < 256 ? 1 : 0; });
    for (const char* name : {"s.svs", "s.ome.tif", "s.tif"})
      make({"pyramid", whole("p.png").string(), "-o", whole(name).string(), "--mpp", "0.5"});
    for (const char* name : {"m", "t"}) {
      const std::string png = whole(name).string() + ".png";
      make({"pyramid", png, "-o", whole(name).string() + ".tif", "--labels"});
    }
    make(generate(whole("g.svs"), {"--size", "256x256", "--steps", "1", "--layout", "full"}));
    write_bytes(whole("a.geojson"), R"({"type": "Feature", "geometry": {"type": "Polygon",
        "coordinates": [[[0, 0], [128, 0], [128, 128], [0, 128], [0, 0]]]}, "properties":
        {"classification": {"name": "tumour stroma"}}})");
    model_ = copy_model(folder_);
  }

  fs::path whole(const std::string& name) const { return folder_ / name; }
  fs::path model() const { return model_; }

 private:
  static void make(const Arguments& command) {
    const Outcome outcome = run(command);
    if (outcome.code != 0) throw std::runtime_error(outcome.err);
  }

  Folder folder_;
  fs::path model_;
};

struct Door {
  const char* name;
  std::vector<const char*> files;
  // The command for a file in a folder of its own.
  std::function<Arguments(const DamagedFiles&, const fs::path&)> command;
};

Arguments training(const DamagedFiles& files, const fs::path& file, const char* network,
                   const char* option) {
  const fs::path folder = file.parent_path();
  // The model that the training writes to lies apart.
  return {"train",
          network,
          "--quiet",
          "--model",
          files.model().string(),
          "--checkpoint",
          (folder.parent_path() / "c.pt").string(),
          option,
          option == std::string("--slides") ? file.string() : folder.string(),
          "--steps",
          "1",
          "--batch",
          "1",
          "--dtype",
          "float32",
          "--force"};
}

std::vector<Door> doors() {
  const auto beside = [](const fs::path& file, const char* name) {
    return (file.parent_path() / name).string();
  };
  const std::vector<const char*> pictures{"p.png", "s.svs", "s.ome.tif", "s.tif"};
  const std::vector<const char*> masks{"m.png", "m.tif"};
  return {
      {"pyramid", pictures,
       [=](const auto&, const fs::path& file) -> Arguments {
         return {"pyramid", file.string(), "-o", beside(file, "out.svs"), "--quiet"};
       }},
      {"labels", masks,
       [=](const auto&, const fs::path& file) -> Arguments {
         return {"pyramid", file.string(), "-o", beside(file, "out.tif"), "--labels", "--quiet"};
       }},
      {"mask",
       {"m.png", "m.tif", "a.geojson"},
       [=](const auto&, const fs::path& file) {
         return mask(beside(file, "out.tif"), {"--mask", file.string(), "--size", "256x256"});
       }},
      {"layout", pictures,
       [=](const auto&, const fs::path& file) {
         return mask(beside(file, "out.tif"), {"--layout", file.string(), "--size", "256x256"});
       }},
      {"inpaint",
       {"g.svs"},
       [=](const auto&, const fs::path& file) {
         return generate(beside(file, "out.svs"),
                         {"--inpaint", file.string(), "--region", "64,64,64,64", "--steps", "1"});
       }},
      {"images",
       {"p.png", "s.tif"},
       [=](const DamagedFiles& files, const fs::path& file) {
         return training(files, file, "autoencoder", "--images");
       }},
      {"slides",
       {"s.svs", "s.tif"},
       [=](const DamagedFiles& files, const fs::path& file) {
         return training(files, file, "autoencoder", "--slides");
       }},
      {"training mask",
       {"t.png", "t.tif"},
       [=](const DamagedFiles& files, const fs::path& file) {
         return training(files, file, "mask", "--images");
       }},
      {"evaluate", pictures,
       [=](const DamagedFiles& files, const fs::path& file) -> Arguments {
         return {"evaluate", "--real", file.string(),  "--synthetic", files.whole("p.png").string(),
                 "--patch",  "32",     "--directions", "2",           "--replicates",
                 "10",       "--quiet"};
       }},
  };
}

// What is wrong with how the program ended; empty where nothing is.
std::string fault_of(const Outcome& outcome, const std::vector<std::string>& left) {
  for (const std::string& file : left)
    if (file.ends_with(".partial") || file.ends_with(".work")) return "leaves " + file;
  if (outcome.code == 0) return {};
  if (outcome.code != 1 && outcome.code != 2)
    return fmt::format("ends with {}: {}", outcome.code, outcome.err);
  const auto lines = std::count(outcome.err.begin(), outcome.err.end(), '\n');
  const bool one = lines >= 1 && outcome.err.find("histoloom: ") != std::string::npos &&
                   outcome.err.rfind("histoloom: ") ==
                       (lines == 1 ? 0 : outcome.err.rfind('\n', outcome.err.size() - 2) + 1);
  if (!one) return "says " + outcome.err;
  return left.size() == 1 ? "" : fmt::format("leaves {} files", left.size());
}

// Whether the program takes the files of a door as they are, which the test expects.
bool answers_whole_files(const DamagedFiles& files, const Door& door) {
  for (const char* name : door.files) {
    const Folder folder;
    fs::create_directory(folder / "f");
    fs::copy_file(files.whole(name), folder / "f" / name);
    const Outcome outcome = run(door.command(files, folder / "f" / name));
    EXPECT_EQ(outcome.code, 0) << door.name << ", " << name << ": " << outcome.err;
    if (outcome.code != 0) return false;
  }
  return true;
}

TEST(Long, DISABLED_AHundredDamagedFilesADoorAreAnsweredOrRefusedInOneLine) {
  const int flips = from_environment("HISTOLOOM_FLIPS", 100);
  const int seed =
      from_environment("HISTOLOOM_SEED", static_cast<int>(std::random_device{}() >> 1));
  fmt::print("seed {}\n", seed);
  const DamagedFiles files;
  for (const Door& door : doors()) {
    if (!answers_whole_files(files, door)) continue;
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    int answered = 0;
    for (int i = 0; i < flips; ++i) {
      const Folder folder;
      const fs::path place = folder / "f";
      fs::create_directory(place);
      const char* name = door.files[static_cast<std::size_t>(i) % door.files.size()];
      write_bytes(place / name, damaged(bytes_of(files.whole(name)), random));
      const Outcome outcome = run(door.command(files, place / name));
      std::vector<std::string> left;
      for (const auto& entry : fs::directory_iterator(place)) left.push_back(entry.path().string());
      EXPECT_EQ(fault_of(outcome, left), "")
          << door.name << ", " << name << ", flip " << i << " of seed " << seed;
      answered += outcome.code == 0;
    }
    fmt::print("{}: {} of {} answered, the others refused\n", door.name, answered, flips);
  }
}

}  // namespace
}  // namespace histoloom::test
