// What all files of weights have in common: recognition by content, shards, sections, loading.
#include "histoloom/weights/weights_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "histoloom/networks/parameters.h"
#include "histoloom/weights/safetensors.h"
#include "support/scratch.h"
#include "weights/checkpoint_builder.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

class WeightsFileTest : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    write_bytes(scratch_ / name, bytes);
    return scratch_ / name;
  }
  std::string says(std::string_view name, const std::string& what) const {
    return (scratch_ / name).string() + ": " + what;
  }
  std::string opened(std::string_view name) const {
    return message_of([&] { open_weights(scratch_ / name); });
  }

  ScratchDirectory scratch_;
};

// ---- formats

TEST_F(WeightsFileTest, TheContentDecidesTheFormat) {
  using namespace checkpoint_builder;
  write("checkpoint.safetensors", checkpoint(pickle(dict({{"t", whole_tensor()}}))));
  write_safetensors(scratch_ / "a.pt", {{"t", at::arange(6, at::kFloat).view({2, 3})}}, {});
  write("index.bin", R"( {"weight_map": {"t": "a.pt"}})");
  const at::Tensor expected = at::arange(6, at::kFloat).view({2, 3});
  for (const char* name : {"checkpoint.safetensors", "a.pt", "index.bin"}) {
    const auto file = open_weights(scratch_ / name);
    EXPECT_EQ(file->path(), scratch_ / name);
    EXPECT_THAT(file->names(), ElementsAre("t"));
    EXPECT_THAT(file->shape("t"), ElementsAre(2, 3));
    EXPECT_TRUE(at::equal(read_tensor(*file, "t"), expected)) << name;
  }
}

// Lengths whose bytes are the signatures of the other formats: a pickle's, a zip file's, a brace.
TEST_F(WeightsFileTest, SafetensorsAreKnownWhateverTheirHeadersLength) {
  for (const std::size_t length : {0x0280, 0x4B50, 0x7B7B}) {
    std::string header = R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header.resize(length, ' ');
    write("w", checkpoint_builder::bytes_of(std::uint64_t{length}) + header + "\7");
    EXPECT_EQ(read_tensor(*open_weights(scratch_ / "w"), "t").item<int>(), 7) << length;
  }
}

TEST_F(WeightsFileTest, AnythingElseIsRefused) {
  const std::string what =
      "not a file of weights; safetensors files, indices of their shards and checkpoints of "
      "torch.save are read";
  write("empty", "");
  write("text", "weights");
  write("short", std::string(8, '\0'));
  for (const char* name : {"empty", "text", "short"}) EXPECT_EQ(opened(name), says(name, what));
  EXPECT_EQ(message_of([&] { open_weights(scratch_.path()); }),
            scratch_.path().string() + ": is not a regular file");
  EXPECT_EQ(opened("missing"), says("missing", "can't be opened: No such file or directory"));
}

TEST_F(WeightsFileTest, ACutFileIsRefusedByItsOwnFormat) {
  write("w", std::string("\x08\0\0\0\0\0\0\0{\"a\"", 12));
  EXPECT_EQ(opened("w"),
            says("w", "not a usable safetensors file: its header claims 8 bytes, the file has 12"));
}

TEST_F(WeightsFileTest, AFileThatShrinksWhileItIsMappedIsNoticed) {
  write_safetensors(scratch_ / "w", {{"t", at::ones({1000})}}, {});
  const auto file = open_weights(scratch_ / "w");
  const auto whole = std::filesystem::file_size(scratch_ / "w");
  std::filesystem::resize_file(scratch_ / "w", whole - 1);
  EXPECT_EQ(message_of([&] { read_tensor(*file, "t"); }),
            says("w", "shrank from " + std::to_string(whole) + " to " + std::to_string(whole - 1) +
                          " bytes while it was read"));
}

TEST_F(WeightsFileTest, AlignedTensorsAreNotCopied) {
  write_safetensors(scratch_ / "w", {{"t", at::ones({1000})}}, {});
  const auto file = open_weights(scratch_ / "w");
  EXPECT_EQ(read_tensor(*file, "t").data_ptr(), read_tensor(*file, "t").data_ptr());
}

// ---- shards

class Shards : public WeightsFileTest {
 protected:
  void SetUp() override {
    write_safetensors(scratch_ / "1", {{"a", at::ones({2})}, {"b", at::zeros({3})}}, {});
    write_safetensors(scratch_ / "2", {{"c", at::full({4}, 5.0f)}}, {});
    write_safetensors(scratch_ / "3", {{"c", at::full({4}, 5.0f)}, {"d", at::ones({1})}}, {});
  }
  std::string index(std::string_view text) const {
    write("index", text);
    return opened("index");
  }
  std::string refused(const std::string& what) const {
    return says("index", "not a usable index of shards: " + what);
  }
};

TEST_F(Shards, TensorsComeFromTheShardThatTheIndexNames) {
  EXPECT_EQ(index(R"({"metadata": {"total_size": 36}, "weight_map": {"c": "2", "a": "1",
                      "b": "1"}})"),
            "");
  const auto file = open_weights(scratch_ / "index");
  EXPECT_THAT(file->names(), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(file->contains("c"));
  EXPECT_FALSE(file->contains("d"));
  EXPECT_THAT(file->shape("b"), ElementsAre(3));
  EXPECT_TRUE(at::equal(read_tensor(*file, "c"), at::full({4}, 5.0f)));
  EXPECT_EQ(message_of([&] { read_tensor(*file, "d"); }), says("index", "tensor 'd' is missing"));
}

TEST_F(Shards, OneDefectEachIsNamed) {
  EXPECT_EQ(index("{"), refused("it is not valid JSON"));
  EXPECT_EQ(index("{}"), refused("its 'weight_map' is missing or empty"));
  EXPECT_EQ(index(R"({"weight_map": {}})"), refused("its 'weight_map' is missing or empty"));
  EXPECT_EQ(index(R"({"weight_map": ["1"]})"), refused("its 'weight_map' is missing or empty"));
  EXPECT_EQ(index(R"({"weight_map": {"a": 1}})"), refused("tensor 'a' has no shard's name"));
  for (const char* name : {"", ".", "..", "../1", "/etc/passwd", "x\\1"}) {
    EXPECT_EQ(index(nlohmann::json{{"weight_map", {{"a", name}}}}.dump()),
              refused(fmt::format("the shard '{}' must be a file name without a directory", name)));
  }
  EXPECT_EQ(index(R"({"weight_map": {"a": "1", "b": "1", "a": "2"}})"),
            refused("'a' stands in it twice"));
  EXPECT_EQ(index(R"({"weight_map": {"a": "9"}})"),
            says("9", "can't be opened: No such file or directory"));
  EXPECT_EQ(index(R"({"weight_map": {"a": "1", "b": "1", "e": "2", "c": "2"}})"),
            refused("tensor 'e' is missing from its shard '2'"));
  EXPECT_EQ(index(R"({"weight_map": {"a": "1"}})"),
            refused("tensor 'b' of the shard '1' is not in the index"));
  EXPECT_EQ(index(R"({"weight_map": {"c": "2", "d": "3"}})"),
            refused("tensor 'c' stands in two shards, '3' and '2'"));
  EXPECT_EQ(index(R"({"weight_map": {"a": "1"}, "x": [[[1]]]})"),
            refused("it is nested more than 3 deep"));
}

// ---- sections

TEST_F(WeightsFileTest, ASectionHasTheNamesBehindItsPrefix) {
  write_safetensors(
      scratch_ / "w",
      {{"ema.a", at::ones({2})}, {"ema.b", at::zeros({3})}, {"model.a", at::full({4}, 5.0f)}},
      {{"format", "pt"}});
  const auto ema = section(open_weights(scratch_ / "w"), "ema.");
  EXPECT_THAT(ema->names(), ElementsAre("a", "b"));
  EXPECT_THAT(ema->shape("b"), ElementsAre(3));
  EXPECT_TRUE(ema->contains("a"));
  EXPECT_FALSE(ema->contains("ema.a"));
  EXPECT_TRUE(at::equal(read_tensor(*ema, "a"), at::ones({2})));
  EXPECT_EQ(ema->metadata().at("format"), "pt");
  EXPECT_EQ(message_of([&] { read_tensor(*ema, "c"); }), says("w", "tensor 'ema.c' is missing"));
  EXPECT_EQ(message_of([&] { section(open_weights(scratch_ / "w"), "opt."); }),
            says("w", "no tensor's name begins with 'opt.'; the first is 'ema.a'"));
}

// ---- loading

TEST_F(WeightsFileTest, ParametersMayHaveOtherNamesInTheFileAndTrailingOnes) {
  const at::Tensor stored = at::arange(6, at::kFloat).view({2, 3, 1, 1});
  write_safetensors(scratch_ / "w", {{"proj.weight", stored}, {"b", at::full({1}, 4.0f)}}, {});
  const NamedTensors parameters{{"to_out.weight", at::zeros({2, 3})}, {"b", at::zeros({})}};
  load_parameters(parameters, *open_weights(scratch_ / "w"), {{"to_out.weight", "proj.weight"}});
  EXPECT_TRUE(at::equal(parameters[0].second, stored.view({2, 3})));
  EXPECT_EQ(parameters[1].second.item<float>(), 4.0f);
}

TEST_F(WeightsFileTest, OnesElsewhereAreAnotherShape) {
  write_safetensors(scratch_ / "w", {{"w", at::ones({1, 2, 3})}}, {});
  EXPECT_EQ(message_of([&] {
              load_parameters({{"w", at::zeros({2, 3})}}, scratch_ / "w");
            }),
            says("w", "tensor 'w' has the shape [1, 2, 3], the architecture needs [2, 3]"));
}

}  // namespace
}  // namespace histoloom
