// Damaged weights of any network end every command that needs it with one line and exit code 2,
// before any work and with nothing left behind: commands × networks × defects.
//
// A model.json that states the weights' sums would show any damage, but not what else is looked at:
// so it states none for most of the defects.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {
namespace {

namespace fs = std::filesystem;
using testing::StartsWith;

struct Defect {
  const char* name;
  std::function<void(const fs::path& weights)> spoil;
};

// The length of a safetensors header with the eight bytes that state it.
std::size_t header_end(const std::string& bytes) {
  std::uint64_t n = 0;
  std::memcpy(&n, bytes.data(), 8);
  return static_cast<std::size_t>(n) + 8;
}

const Defect kDefects[] = {
    {"Missing", [](const fs::path& file) { fs::remove(file); }},
    {"Empty", [](const fs::path& file) { write_bytes(file, ""); }},
    {"CutInTheHeader",
     [](const fs::path& file) { write_bytes(file, bytes_of(file).substr(0, 100)); }},
    {"CutInTheTensors",
     [](const fs::path& file) {
       const std::string whole = bytes_of(file);
       write_bytes(file, whole.substr(0, whole.size() - 1));
     }},
    {"AnotherDtypeInTheHeader",
     [](const fs::path& file) {
       std::string bytes = bytes_of(file);
       bytes.replace(bytes.find("\"dtype\":\""), 9, "\"dtypo\":\"");
       write_bytes(file, bytes);
     }},
    // An exponent of ones: not a number in float16, bfloat16 and float32.
    {"NotFinite",
     [](const fs::path& file) {
       std::string bytes = bytes_of(file);
       std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(header_end(bytes)), 64, '\xff');
       write_bytes(file, bytes);
     }},
};

// Has the model's model.json state no sums.
void withdraw_sums(const fs::path& model) {
  auto json = nlohmann::ordered_json::parse(bytes_of(model / "model.json"));
  for (const char* network : {"autoencoder", "denoiser", "mask_denoiser"})
    if (json.contains(network)) json[network].erase("sha256");
  write_bytes(model / "model.json", json.dump(2));
}

struct Command {
  const char* name;
  std::vector<const char*> networks;  // that it needs
  std::function<Arguments(const fs::path& folder, const std::string& model)> line;
  const char* trained = "";  // the network that may be missing, since it is made
};

Arguments train(const char* network, const fs::path& folder, const std::string& model,
                const std::string& images) {
  return {"train",    network, "--model",      model,
          "--images", images,  "--checkpoint", (folder / "c.pt").string(),
          "--steps",  "2",     "--quiet"};
}

// `slide.tif`, `mask.png`, `images/` and `masks/` lie in the folder.
const Command kCommands[] = {
    {"Generate",
     {"mask_denoiser", "denoiser", "autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       return generate(folder / "new.svs", {"--model", model, "--size", "256x256"});
     }},
    {"GenerateDryRun",
     {"mask_denoiser", "denoiser", "autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       return generate(folder / "new.svs", {"--model", model, "--size", "256x256", "--dry-run"});
     }},
    {"GenerateFromAMask",
     {"denoiser", "autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       return generate(folder / "new.svs", {"--model", model, "--size", "256x256", "--mask",
                                            (folder / "mask.png").string()});
     }},
    {"Inpaint",
     {"denoiser", "autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       return generate(folder / "new.tif",
                       {"--model", model, "--inpaint", (folder / "slide.tif").string(), "--region",
                        "100,100,64,64"});
     }},
    {"Mask",
     {"mask_denoiser"},
     [](const fs::path& folder, const std::string& model) {
       return Arguments{"mask",   "-o",      (folder / "new.tif").string(),
                        "--size", "256x256", "--model",
                        model,    "--quiet"};
     }},
    {"Evaluate",
     {"autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       const std::string images = (folder / "images").string();
       return Arguments{"evaluate", "--real", images,    "--synthetic", images,
                        "--model",  model,    "--patch", "64",          "--quiet"};
     }},
    {"TrainAutoencoder",
     {"autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       return train("autoencoder", folder, model, (folder / "images").string());
     },
     "autoencoder"},
    {"TrainDenoiser",
     {"denoiser", "autoencoder"},
     [](const fs::path& folder, const std::string& model) {
       return train("denoiser", folder, model, (folder / "images").string());
     },
     "denoiser"},
    {"TrainMask",
     {"mask_denoiser"},
     [](const fs::path& folder, const std::string& model) {
       return train("mask", folder, model, (folder / "masks").string());
     },
     "mask_denoiser"},
};

// Writes a picture as a pyramid of 0.5 microns a pixel.
void write_slide(const fs::path& path, const fs::path& picture) {
  VipsImage* image = vips_image_new_from_file(picture.c_str(), nullptr);
  ASSERT_NE(image, nullptr) << vips_error_buffer();
  EXPECT_EQ(vips_tiffsave(image, path.c_str(), "tile", TRUE, "pyramid", TRUE, "xres", 2000.0,
                          "yres", 2000.0, nullptr),
            0)
      << vips_error_buffer();
  g_object_unref(image);
}

// Nothing in the folder is made by the program: each test is a process, with a folder of its own.
class BadWeights : public testing::TestWithParam<std::tuple<Command, Defect>> {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder;
    const Folder& folder = *folder_;
    write_mask(folder / "mask.png", 256, 256, [](int, int) { return 1; });
    fs::create_directories(folder / "images");
    fs::create_directories(folder / "masks");
    for (const char* name : {"a.png", "b.png"}) {
      write_image(folder / "images" / name, 256, 256, 3,
                  [](int x, int y, int band) { return (x * 7 + y * 3 + band * 40) % 200; });
      fs::copy_file(folder / "mask.png", folder / "masks" / name);
    }
    write_slide(folder / "slide.tif", folder / "images/a.png");
  }
  static void TearDownTestSuite() { delete folder_; }

  static Folder* folder_;
};
Folder* BadWeights::folder_ = nullptr;

TEST_P(BadWeights, EndTheCommandBeforeAnyWork) {
  const auto& [command, defect] = GetParam();
  for (const char* network : command.networks) {
    SCOPED_TRACE(network);
    if (defect.name == std::string_view("Missing") && network == std::string_view(command.trained))
      continue;
    const Folder models;
    const fs::path model = copy_model(models);
    const fs::path weights = model / (std::string(network) + ".safetensors");
    ASSERT_TRUE(fs::exists(weights));
    withdraw_sums(model);
    defect.spoil(weights);
    const std::vector<std::string> before = folder_->listing();
    const Outcome outcome = run(command.line(folder_->path(), model.string()));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("histoloom: " + weights.string() + ": "));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(folder_->listing(), before) << "something was left behind";
  }
}

using ChangedWeights = BadWeights;

// One bit of a weight is another one: nothing but the sum tells.
TEST_P(ChangedWeights, EndTheCommandBeforeAnyWork) {
  const Command& command = std::get<0>(GetParam());
  for (const char* network : command.networks) {
    SCOPED_TRACE(network);
    const Folder models;
    const fs::path model = copy_model(models);
    const fs::path weights = model / (std::string(network) + ".safetensors");
    std::get<1>(GetParam()).spoil(weights);
    const std::vector<std::string> before = folder_->listing();
    const Outcome outcome = run(command.line(folder_->path(), model.string()));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(
        outcome.err,
        testing::MatchesRegex(fmt::format(
            "histoloom: {}: was changed or damaged: its SHA-256 is [0-9a-f]{{12}}\\.\\.\\., "
            "model\\.json states [0-9a-f]{{12}}\\.\\.\\.; put the stated file back, or accept "
            "this one with 'histoloom model check --update {}'\n",
            weights.string(), model.string())));
    EXPECT_EQ(folder_->listing(), before) << "something was left behind";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadWeights, testing::Combine(testing::ValuesIn(kCommands), testing::ValuesIn(kDefects)),
    [](const auto& test) {
      return std::string(std::get<0>(test.param).name) + std::get<1>(test.param).name;
    });

const Defect kOneBit{"", [](const fs::path& file) {
                       std::string bytes = bytes_of(file);
                       bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 1);
                       write_bytes(file, bytes);
                     }};

INSTANTIATE_TEST_SUITE_P(Table, ChangedWeights,
                         testing::Combine(testing::ValuesIn(kCommands), testing::Values(kOneBit)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name);
                         });

}  // namespace
}  // namespace histoloom::test
