// Checkpoints that PyTorch and Python wrote, and their values.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint_directory.h"
#include "checkpoint_file.h"
#include "histoloom/core/file.h"
#include "histoloom/networks/parameters.h"
#include "histoloom/weights/weights_file.h"
#include "support/scratch.h"
#include "weights/checkpoint_builder.h"

namespace histoloom {
namespace {

using namespace checkpoint_builder;
using testing::StartsWith;

std::filesystem::path testdata(const std::string& name) {
  return std::filesystem::path(HISTOLOOM_TESTDATA) / name;
}

// ---- model-10.pt, which PyTorch wrote (the parity kit's)

TEST(Checkpoint, TheEmaSectionHoldsTheSameWeightsAsTheSafetensorsFile) {
  const auto ema = section(open_weights(testdata("parity/model-10.pt")), "ema.ema_model.model.");
  const auto expected = open_weights(testdata("parity/diffinfinite_unet.safetensors"));
  ASSERT_EQ(ema->names(), expected->names());
  EXPECT_GT(ema->names().size(), 100u);
  for (const std::string& name : expected->names()) {
    const at::Tensor tensor = read_tensor(*ema, name);
    EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
    EXPECT_EQ(ema->shape(name), expected->shape(name)) << name;
    EXPECT_TRUE(at::equal(tensor, read_tensor(*expected, name))) << name;
  }
}

TEST(Checkpoint, NestedKeysAreFlattenedWithDots) {
  const CheckpointFile file(testdata("parity/model-10.pt"));
  EXPECT_TRUE(file.contains("ema.initted"));
  EXPECT_TRUE(file.contains("ema.online_model.model.init_conv.weight"));
  EXPECT_TRUE(file.contains("model.model.init_conv.weight"));
  EXPECT_EQ(read_tensor(file, "ema.online_model.betas").sizes(), at::IntArrayRef({1000}));
  EXPECT_TRUE(file.metadata().empty());
}

TEST(Checkpoint, TensorsShareTheMappingWhichTheyKeepAlive) {
  at::Tensor tensor;
  const void* first = nullptr;
  {
    const CheckpointFile file(testdata("parity/model-10.pt"));
    tensor = read_tensor(file, "ema.online_model.betas");
    first = read_tensor(file, "ema.online_model.betas").data_ptr();
  }
  EXPECT_EQ(tensor.data_ptr(), first);  // no copy
  EXPECT_GT(tensor.sum().item<float>(), 0.0f);
}

// ---- what a training loop keeps beside the weights

// A number of numpy's, as Python pickles it: `bytes` pushes its bytes.
std::string numpy_scalar(const std::string& module, const std::string& bytes) {
  const std::string dtype =
      name("numpy", "dtype") + tuple({text("f8"), "\x89", "\x88"}) + "R" +
      tuple({number(3), text("<"), "N", "N", "N", number(-1), number(-1), number(0)}) + "b";
  return name(module, "scalar") + tuple({dtype, bytes}) + "R";
}

TEST(Checkpoint, NumbersOfNumpyAreReadPast) {
  const std::string encoded =
      name("_codecs", "encode") + tuple({text("abc"), text("latin1")}) + "R";
  for (const std::string& scalar :
       {numpy_scalar("numpy.core.multiarray", encoded),
        numpy_scalar("numpy._core.multiarray", "C\3abc"),
        numpy_scalar("numpy.core.multiarray", "B" + bytes_of(std::uint32_t{3}) + "abc")}) {
    const std::string file =
        checkpoint(pickle(dict({{"best_loss", scalar}, {"t", whole_tensor()}, {"m", scalar}})));
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
    const CheckpointDirectory read = parse_checkpoint(bytes, "w.pt");
    ASSERT_EQ(read.tensors.size(), 1u);
    EXPECT_EQ(read.tensors.begin()->first, "t");
  }
}

TEST(Checkpoint, WhatBelongsToACallbacksClassIsPassedOver) {
  const std::string callbacks =
      "}(" + name("trainer.callbacks", "ModelCheckpoint") + dict({{"best", whole_tensor()}}) + "u";
  const std::string file =
      checkpoint(pickle(dict({{"callbacks", callbacks}, {"t", whole_tensor()}})));
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  const CheckpointDirectory read = parse_checkpoint(bytes, "w.pt");
  ASSERT_EQ(read.tensors.size(), 1u);
  EXPECT_EQ(read.tensors.begin()->first, "t");
}

// ---- what Python's pickle and zipfile wrote (testdata/checkpoints/make_checkpoints.py)

class Protocol : public testing::TestWithParam<int> {
 protected:
  at::Tensor tensor(const std::string& name) const {
    return read_tensor(
        CheckpointFile(testdata(fmt::format("checkpoints/protocol{}.pt", GetParam()))), name);
  }
};

TEST_P(Protocol, TensorsAreViewsOfTheirStorages) {
  const at::Tensor numbers = at::arange(24, at::kFloat);
  EXPECT_TRUE(at::equal(tensor("model.whole"), numbers.view({2, 3, 4})));
  EXPECT_TRUE(at::equal(tensor("model.transposed"), numbers.view({6, 4}).t()));
  EXPECT_TRUE(
      at::equal(tensor("model.part"), at::tensor({13.0f, 15.0f, 17.0f, 19.0f}).view({2, 2})));
  EXPECT_TRUE(at::equal(tensor("model.scalar"), at::scalar_tensor(23.0f)));
  EXPECT_TRUE(at::equal(tensor("model.repeated"), at::tensor({5.0f, 6.0f}).expand({3, 2})));
  EXPECT_EQ(tensor("model.empty").sizes(), at::IntArrayRef({0, 5}));
}

TEST_P(Protocol, DtypesAreKept) {
  const at::Tensor half = at::tensor({0.5f, -2.0f, 65504.0f}).to(at::kHalf);
  EXPECT_TRUE(at::equal(tensor("model.half"), half));
  EXPECT_TRUE(at::equal(tensor("queue.0"), half));
  EXPECT_TRUE(at::equal(tensor("opt.state.0.exp_avg"), half.slice(0, 1)));
  const std::vector<std::int64_t> steps{-7, std::int64_t{1} << 40};
  EXPECT_TRUE(at::equal(tensor("model.steps"), at::tensor(steps)));
  EXPECT_TRUE(at::equal(tensor("größe"), at::tensor(steps).slice(0, 1)));
}

INSTANTIATE_TEST_SUITE_P(All, Protocol, testing::Values(2, 3, 4, 5));

TEST(Checkpoint, UnalignedTensorsAreCopied) {
  const ScratchDirectory scratch;
  // Entries of any length before the storage move it to every alignment.
  for (const std::size_t shift : {0, 1, 2, 3}) {
    std::string floats;
    for (int i = 0; i < 6; ++i) floats += bytes_of(static_cast<float>(i));
    write_bytes(
        scratch / "w.pt",
        zip({{"w/data.pkl", pickle(dict({{"t", tensor(storage("0", 6), 1, {2, 2}, {1, 3})}}))},
             {"w/extra", std::string(shift, 'x')},
             {"w/data/0", floats}}));
    EXPECT_TRUE(at::equal(read_tensor(*open_weights(scratch / "w.pt"), "t"),
                          at::tensor({1.0f, 4.0f, 2.0f, 5.0f}).view({2, 2})))
        << shift;
  }
}

TEST(Checkpoint, AFileCutAtAnyByteIsRefused) {
  const ScratchDirectory scratch;
  const std::string whole = read_file(testdata("checkpoints/protocol2.pt"));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    write_bytes(scratch / "cut", whole.substr(0, n));
    EXPECT_THAT(message_of([&] { CheckpointFile file(scratch / "cut"); }),
                StartsWith((scratch / "cut").string() + ": not a usable checkpoint: "))
        << n << " bytes";
  }
}

// Zip's checksums see every single flipped bit of what is read; elsewhere nothing must crash.
TEST(Checkpoint, EveryFlippedBitOfAStorageIsFound) {
  const ScratchDirectory scratch;
  const std::string whole = checkpoint(pickle(dict({{"t", whole_tensor()}})));
  const std::size_t storage_begin = whole.find(std::string(4, '\0') + bytes_of(1.0f));
  ASSERT_NE(storage_begin, std::string::npos);
  for (std::size_t bit = 0; bit < 24 * 8; ++bit) {
    std::string damaged = whole;
    damaged[storage_begin + bit / 8] ^= static_cast<char>(1 << (bit % 8));
    write_bytes(scratch / "w.pt", damaged);
    EXPECT_EQ(message_of([&] { read_tensor(CheckpointFile(scratch / "w.pt"), "t"); }),
              (scratch / "w.pt").string() +
                  ": not a usable checkpoint: its entry 'w/data/0' has another checksum than the "
                  "zip directory says; the file is damaged, fetch it again");
  }
}

TEST(Checkpoint, NoFlippedByteCrashes) {
  const ScratchDirectory scratch;
  const std::string whole = read_file(testdata("checkpoints/protocol4.pt"));
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    write_bytes(scratch / "damaged", damaged);
    refused += !message_of([&] {
                  const CheckpointFile file(scratch / "damaged");
                  for (const std::string& name : file.names())
                    static_cast<void>(read_tensor(file, name));
                }).empty();
  }
  // Some bytes matter to nobody: dates, versions.
  EXPECT_GT(refused, static_cast<int>(whole.size()) * 3 / 4);
}

TEST(Checkpoint, AMissingTensorIsNamed) {
  const auto path = testdata("parity/model-10.pt");
  EXPECT_EQ(message_of([&] { read_tensor(CheckpointFile(path), "ema.nothing"); }),
            path.string() + ": tensor 'ema.nothing' is missing");
}

}  // namespace
}  // namespace histoloom
