#include "histoloom/weights/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "histoloom/core/file.h"
#include "histoloom/networks/parameters.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string file_of(std::string_view header, std::string_view data) {
  const std::uint64_t n = header.size();
  std::string bytes(reinterpret_cast<const char*>(&n), 8);
  bytes += header;
  bytes += data;
  return bytes;
}

std::string file_with_length(std::uint64_t n, std::string_view rest) {
  std::string bytes(reinterpret_cast<const char*>(&n), 8);
  bytes += rest;
  return bytes;
}

// Whether two tensors hold the same bits.
bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         (a.numel() == 0 || std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0);
}

struct HeaderDefect {
  const char* name;
  std::string bytes;
  std::string message;
};
void PrintTo(const HeaderDefect& defect, std::ostream* out) { *out << defect.name; }

const std::string kEight(8, '\1');

std::vector<HeaderDefect> defects() {
  const auto tensor = [](const char* text) { return file_of(text, kEight); };
  return {
      {"Empty", "", "it has 0 bytes, at least 8 are needed"},
      {"SevenBytes", "1234567", "it has 7 bytes, at least 8 are needed"},
      {"HeaderOfOneByteMore", file_with_length(3, "{}"),
       "its header claims 3 bytes, the file has 10"},
      {"HeaderLargerThanTheFile", file_with_length(1000, "{}"),
       "its header claims 1000 bytes, the file has 10"},
      {"HeaderOfTwoToThe64", file_with_length(~std::uint64_t{0}, "{}"),
       "its header claims 18446744073709551615 bytes, the file has 10"},
      {"NoHeader", file_of("", ""), "its header is not valid JSON"},
      {"HalfAnObject", file_of("{", ""), "its header is not valid JSON"},
      {"NotUtf8", file_of("{\"\xff\":1}", ""), "its header is not valid JSON"},
      {"AList", file_of("[]", ""), "its header is not a JSON object"},
      {"TensorIsANumber", tensor(R"({"a":5})"), "tensor 'a' lacks dtype, shape or data_offsets"},
      {"NoDType", tensor(R"({"a":{"shape":[2],"data_offsets":[0,8]}})"),
       "tensor 'a' lacks dtype, shape or data_offsets"},
      {"NoShape", tensor(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})"),
       "tensor 'a' lacks dtype, shape or data_offsets"},
      {"ThreeOffsets", tensor(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})"),
       "tensor 'a' lacks dtype, shape or data_offsets"},
      {"UnknownDType", tensor(R"({"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})"),
       "tensor 'a' has the unsupported dtype 'F8_E4M3'"},
      {"NegativeShape", tensor(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"),
       "tensor 'a' has a bad shape"},
      {"FractionalShape", tensor(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})"),
       "tensor 'a' has a bad shape"},
      {"NegativeOffset", tensor(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})"),
       "tensor 'a' has bad data_offsets"},
      {"OffsetsPastTheData", tensor(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}})"),
       "tensor 'a' needs 12 bytes, its data_offsets are [0, 12] of 8"},
      {"OffsetsReversed", tensor(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})"),
       "tensor 'a' needs 8 bytes, its data_offsets are [8, 0] of 8"},
      {"OffsetsOfAnotherSize", tensor(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})"),
       "tensor 'a' needs 8 bytes, its data_offsets are [0, 4] of 8"},
      {"ShapeOverflows64Bits",
       tensor(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})"),
       "tensor 'a' has the impossible shape [4611686018427387904, 4]"},
      {"ShapeWrapsToTheRightSize",
       tensor(R"({"a":{"dtype":"U8","shape":[4294967297,4294967304],"data_offsets":[0,8]}})"),
       "tensor 'a' has the impossible shape [4294967297, 4294967304]"},
      {"EmptyShapeThatOverflows",
       file_of(R"({"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}})",
               ""),
       "tensor 'a' has the impossible shape [0, 4611686018427387904, 4]"},
      {"HoleAtTheStart", tensor(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
       "its tensors leave a hole at byte 0"},
      {"HoleBetween",
       tensor(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
              R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
       "its tensors leave a hole at byte 2"},
      {"Overlap",
       tensor(R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},)"
              R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
       "its tensors overlap at byte 4"},
      {"Remainder", tensor(R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]}})"),
       "its tensors cover 6 of 8 bytes"},
      {"SameNameTwice",
       tensor(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
              R"("a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
       "'a' stands in its header twice"},
      {"SameKeyTwiceInATensor",
       tensor(R"({"a":{"dtype":"F64","dtype":"U8","shape":[8],"data_offsets":[0,8]}})"),
       "'dtype' stands in its header twice"},
      {"MetadataIsAList", file_of(R"({"__metadata__":[]})", ""), "__metadata__ is not an object"},
      {"MetadataOfNumbers", file_of(R"({"__metadata__":{"steps":3}})", ""),
       "__metadata__ 'steps' is not a string"},
  };
}

class SafetensorsDefect : public testing::TestWithParam<HeaderDefect> {};

TEST_P(SafetensorsDefect, IsRefusedWithItsMessage) {
  const ScratchDirectory scratch;
  const auto path = scratch / "w.safetensors";
  write_bytes(path, GetParam().bytes);
  EXPECT_EQ(message_of([&] { SafetensorsFile file(path); }),
            path.string() + ": not a usable safetensors file: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Table, SafetensorsDefect, testing::ValuesIn(defects()),
                         [](const auto& test) { return test.param.name; });

// One tensor of every dtype, odd sizes, one empty and one scalar.
NamedTensors every_dtype() {
  at::manual_seed(3);
  NamedTensors out;
  const std::pair<const char*, at::ScalarType> types[] = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16},
      {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte},  {"BOOL", at::kBool}};
  for (const auto& [name, type] : types)
    out.emplace_back(name, (at::randn({3, 1, 5}) * 50).abs().to(type));
  out.emplace_back("empty", at::zeros({2, 0, 3}));
  out.emplace_back("scalar", at::scalar_tensor(2.5f));
  return out;
}

TEST(Safetensors, EveryDTypeComesBackBitByBit) {
  const ScratchDirectory scratch;
  const NamedTensors tensors = every_dtype();
  write_safetensors(scratch / "w", tensors, {{"format", "pt"}, {"note", "äöü \"quoted\""}});
  const SafetensorsFile file(scratch / "w");
  EXPECT_EQ(file.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors)
    EXPECT_TRUE(same_bits(read_tensor(file, name), tensor)) << name;
  EXPECT_EQ(file.metadata(),
            (std::map<std::string, std::string>{{"format", "pt"}, {"note", "äöü \"quoted\""}}));
}

TEST(Safetensors, TransposedTensorsAreStoredRowByRow) {
  const ScratchDirectory scratch;
  const at::Tensor t = at::arange(6).view({2, 3}).t();
  write_safetensors(scratch / "w", {{"t", t}}, {});
  EXPECT_TRUE(same_bits(read_tensor(SafetensorsFile(scratch / "w"), "t"), t.contiguous()));
}

TEST(Safetensors, ATensorOutlivesItsFile) {
  const ScratchDirectory scratch;
  write_safetensors(scratch / "w", {{"t", at::full({1000}, 7.0f)}}, {});
  at::Tensor t;
  {
    SafetensorsFile file(scratch / "w");
    const SafetensorsFile moved = std::move(file);
    t = read_tensor(moved, "t");
  }
  std::filesystem::remove(scratch / "w");
  EXPECT_EQ(t.sum().item<float>(), 7000.0f);
}

TEST(Safetensors, UnalignedTensorsAreRead) {
  const ScratchDirectory scratch;
  // A header of odd length, then a byte, then a double.
  std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                       R"("d":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}})";
  if (header.size() % 2 == 0) header += ' ';
  const double value = -1.25;
  std::string data(9, '\5');
  std::memcpy(data.data() + 1, &value, 8);
  write_bytes(scratch / "w", file_of(header, data));
  EXPECT_EQ(read_tensor(SafetensorsFile(scratch / "w"), "d").item<double>(), value);
}

TEST(Safetensors, AFileCutAtAnyByteIsRefused) {
  const ScratchDirectory scratch;
  write_safetensors(scratch / "w", every_dtype(), {{"a", "b"}});
  const std::string whole = read_file(scratch / "w");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    write_bytes(scratch / "cut", whole.substr(0, n));
    EXPECT_THAT(message_of([&] { SafetensorsFile file(scratch / "cut"); }),
                StartsWith((scratch / "cut").string() + ": not a usable safetensors file: "))
        << n << " bytes";
  }
}

TEST(Safetensors, NoDamagedByteOfTheHeaderCrashes) {
  const ScratchDirectory scratch;
  write_safetensors(scratch / "w", {{"a", at::ones({2, 3})}, {"b", at::ones({5})}}, {});
  const std::string whole = read_file(scratch / "w");
  const std::size_t header = whole.size() - 44;
  for (std::size_t at = 0; at < header; ++at) {
    for (const char value : {'\0', '"', '}', '9', '\x80'}) {
      std::string damaged = whole;
      damaged[at] = value;
      write_bytes(scratch / "damaged", damaged);
      // Refused, or read without touching memory that is not the file's.
      message_of([&] {
        const SafetensorsFile file(scratch / "damaged");
        for (const std::string& name : file.names()) static_cast<void>(read_tensor(file, name));
      });
    }
  }
}

TEST(Safetensors, AMissingFileIsNamed) {
  EXPECT_EQ(message_of([] { SafetensorsFile file("/nowhere/w.safetensors"); }),
            "/nowhere/w.safetensors: can't be opened: No such file or directory");
}

TEST(Safetensors, AMissingTensorIsNamed) {
  const ScratchDirectory scratch;
  write_safetensors(scratch / "w", {{"a", at::ones({1})}}, {});
  const SafetensorsFile file(scratch / "w");
  EXPECT_TRUE(file.contains("a"));
  EXPECT_FALSE(file.contains("b"));
  EXPECT_EQ(message_of([&] { static_cast<void>(read_tensor(file, "b")); }),
            (scratch / "w").string() + ": tensor 'b' is missing");
}

TEST(Safetensors, WritingIntoAMissingFolderNamesThePath) {
  EXPECT_EQ(message_of([] { write_safetensors("/nowhere/w", NamedTensors{}, {}); }),
            "/nowhere/w: can't be written: No such file or directory");
}

// ---- load_parameters

class LoadParameters : public testing::Test {
 protected:
  std::string load(const NamedTensors& stored) {
    write_safetensors(path_, stored, {});
    return message_of([&] { load_parameters(parameters_, path_); });
  }
  std::string says(const std::string& what) const { return path_.string() + ": tensor " + what; }

  ScratchDirectory scratch_;
  const std::filesystem::path path_ = scratch_ / "w.safetensors";
  const NamedTensors parameters_{{"w", at::zeros({2, 3})}, {"b", at::zeros({3})}};
};

TEST_F(LoadParameters, FloatsOfHalfPrecisionFillFloat32Parameters) {
  EXPECT_EQ(load({{"b", at::full({3}, 0.5f).to(at::kHalf)},
                  {"w", at::full({2, 3}, -2.0f).to(at::kHalf)}}),
            "");
  EXPECT_TRUE(same_bits(parameters_[0].second, at::full({2, 3}, -2.0f)));
  EXPECT_TRUE(same_bits(parameters_[1].second, at::full({3}, 0.5f)));
}

TEST_F(LoadParameters, TheirOneDefectsAreNamed) {
  const at::Tensor w = at::ones({2, 3}), b = at::ones({3});
  EXPECT_EQ(load({{"w", w}}), says("'b' is missing"));
  EXPECT_EQ(load({{"w", w}, {"b", b}, {"c", b}}), says("'c' is not part of the architecture"));
  EXPECT_EQ(load({{"w", w.t()}, {"b", b}}),
            says("'w' has the shape [3, 2], the architecture needs [2, 3]"));
  EXPECT_EQ(load({{"w", w}, {"b", at::scalar_tensor(1.0f)}}),
            says("'b' has the shape [], the architecture needs [3]"));
  const std::string not_finite =
      " holds values that are not finite; the file is damaged or its training failed";
  EXPECT_EQ(load({{"w", w}, {"b", b / 0}}), says("'b'" + not_finite));
  EXPECT_EQ(load({{"w", w * std::nanf("")}, {"b", b}}), says("'w'" + not_finite));
}

TEST_F(LoadParameters, ValuesTooLargeForTheParametersTypeAreNotFinite) {
  EXPECT_THAT(load({{"w", at::ones({2, 3})}, {"b", at::full({3}, 1e300, at::kDouble)}}),
              HasSubstr("'b' holds values that are not finite"));
}

}  // namespace
}  // namespace histoloom
