// Checkpoints with one defect each, and what is said about it.
#include <gtest/gtest.h>

#include <span>

#include "checkpoint_directory.h"
#include "support/scratch.h"
#include "weights/checkpoint_builder.h"

namespace histoloom {
namespace {

using namespace checkpoint_builder;

struct Defect {
  const char* name;
  std::string file;
  std::string message;
};
void PrintTo(const Defect& defect, std::ostream* out) { *out << defect.name; }

class CheckpointDefect : public testing::TestWithParam<Defect> {};

TEST_P(CheckpointDefect, IsRefusedWithItsMessage) {
  const std::string& file = GetParam().file;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  EXPECT_EQ(message_of([&] { parse_checkpoint(bytes, "w.pt"); }),
            "w.pt: not a usable checkpoint: " + GetParam().message);
}

const auto kName = [](const auto& test) { return test.param.name; };

// ---- the pickle: `before` puts the offending opcode at a byte that the message names

const std::string kCure =
    "; save the state dict alone: torch.save(model.state_dict(), 'weights.pt')";

Defect opcode(const char* name, const std::string& before, const std::string& rest,
              const std::string& message) {
  return {name, checkpoint("\x80\x02" + before + rest),
          "its pickle, byte " + std::to_string(2 + before.size()) + ", " + message};
}

// The last opcode, R, makes a tensor of these arguments.
Defect rebuilt(const char* test, const std::vector<std::string>& arguments,
               const std::string& message) {
  return opcode(test, name("torch._utils", "_rebuild_tensor_v2") + tuple(arguments), "R.", message);
}

Defect persistent(const char* test, const std::string& id) {
  return opcode(test, id, "Q.", "has a persistent id that is no storage");
}

std::vector<Defect> pickle_defects() {
  const std::string one = "K\1", six = storage("0", 6), no = "\x89", hooks = ordered_dict();
  const std::string many = numbers(std::vector<std::int64_t>(65, 1));
  return {
      {"Empty", checkpoint(""), "its pickle, byte 0, does not begin with a protocol from 2 to 5"},
      {"Protocol0", checkpoint("(lp0\n."),
       "its pickle, byte 0, does not begin with a protocol from 2 to 5"},
      {"Protocol6", checkpoint("\x80\x06}."),
       "its pickle, byte 0, does not begin with a protocol from 2 to 5"},
      opcode("NoStop", "}", "", "ends without STOP"),
      opcode("CutInANumber", "", "J\1\2", "ends without STOP"),
      opcode("CutInAClass", "", "ctorch\nFloatSt", "ends without STOP"),
      opcode("TextLongerThanTheFile", "", "X" + bytes_of(0xFFFFFFFFu) + "a",
             "holds a text of 4294967295 bytes, 1 are left"),
      opcode("TextOf2To63Bytes", "", "\x8d" + bytes_of(~std::uint64_t{0}) + "abc",
             "holds a text of 18446744073709551615 bytes, 3 are left"),
      opcode("UnknownOpcode", "}", "\xff.",
             "uses the unknown opcode 0xff, which no state dict needs" + kCure),
      opcode("ForbiddenOpcode", name("collections", "OrderedDict") + ")", "\x81.",
             "uses the opcode NEWOBJ, which no state dict needs" + kCure),
      opcode("OldForbiddenOpcode", "(", "iposix\nsystem\n.",
             "uses the opcode INST, which no state dict needs" + kCure),
      opcode("ForbiddenClass", name("posix", "system") + text("true") + "\x85", "R.",
             "names the class 'posix.system', which no state dict needs" + kCure),
      opcode("ForbiddenClassFromTheStack", text("builtins") + text("eval") + "\x93)", "R.",
             "names the class 'builtins.eval', which no state dict needs" + kCure),
      opcode("ClassNameOfManyLines", text("a\tb") + text("c\nd") + "\x93)", "R.",
             "names the class 'a?b.c?d', which no state dict needs" + kCure),
      opcode("ClassNamedByANumber", text("torch") + one, "\x93.",
             "names a class by something that is no text"),
      opcode("GetattrOfAnythingElse",
             name("__builtin__", "getattr") +
                 tuple({name("collections", "OrderedDict"), text("fromkeys")}),
             "R.", "calls getattr, which no state dict needs" + kCure),
      opcode("StorageClassCalled", name("torch", "FloatStorage") + ")", "R.",
             "makes an object of a class that is only named in state dicts" + kCure),
      opcode("StateOfAnUnknownClass", name("trainer", "Callback") + "}", "b.",
             "sets the state of a class, which no state dict needs" + kCure),
      opcode("NumberOfATensor", name("numpy.core.multiarray", "scalar") + tuple({six}), "R.",
             "makes a number of a storage"),
      opcode("TextCalled", text("a") + ")", "R.", "calls a text with a tuple"),
      opcode("CalledWithAList", name("collections", "OrderedDict") + "]", "R.",
             "calls a class with a list"),
      opcode("OrderedDictFromArguments", name("collections", "OrderedDict") + one + "\x85", "R.",
             "makes an OrderedDict from arguments"),
      opcode("StateOfAList", "]}", "b.",
             "sets the state of a list, which no state dict needs" + kCure),
      opcode("StateOfAPlainDict", "}}", "b.",
             "sets the state of a dict, which no state dict needs" + kCure),
      opcode("StateThatIsATuple", ordered_dict() + ")", "b.",
             "sets the state of a dict, which no state dict needs" + kCure),
      opcode("EmptyStack", "", ".", "takes from an empty stack"),
      opcode("StackUnderflow", one, "\x86.", "takes from an empty stack"),
      opcode("UnderflowBelowAMark", one + "(", "\x85.", "takes from an empty stack"),
      opcode("NoMark", one, "t.", "takes up to a mark where none is set"),
      opcode("ManyMarks", std::string(1000, '('), "(.", "sets more than 1000 marks"),
      opcode("MemoUnknown", "", "h\7.", "recalls 7, which it never remembered"),
      opcode("LongMemoUnknown", "}q\1", "j" + bytes_of(70000u) + ".",
             "recalls 70000, which it never remembered"),
      opcode("MemoOfNothing", "", "q\1.", "takes from an empty stack"),
      opcode("TwoValuesLeft", "}}", ".", "leaves more than one value"),
      opcode("KeyWithoutValue", "}(" + text("a"), "u.", "sets a key without a value"),
      opcode("ItemsIntoAList", "](" + one + one, "u.", "puts items into a list, not into a dict"),
      opcode("AppendedToADict", "}" + one, "a.", "puts items into a dict, not into a list"),
      persistent("IdIsAText", text("0")),
      persistent("IdOfFourItems",
                 tuple({text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu")})),
      persistent("IdOfAModule", tuple({text("module"), name("torch", "FloatStorage"), text("0"),
                                       text("cpu"), number(6)})),
      persistent("IdOfAnotherClass", tuple({text("storage"), name("collections", "OrderedDict"),
                                            text("0"), text("cpu"), number(6)})),
      persistent("IdWithoutASize", tuple({text("storage"), name("torch", "FloatStorage"), text("0"),
                                          text("cpu"), text("6")})),
      rebuilt("TensorOfFiveArguments", {six, one, numbers({1}), numbers({1}), no},
              "makes a tensor without a storage"),
      rebuilt("TensorOfAText", {text("0"), one, numbers({1}), numbers({1}), no, hooks},
              "makes a tensor without a storage"),
      rebuilt("ShapeIsAList", {six, one, "]", numbers({1}), no, hooks},
              "makes a tensor whose shape is no tuple"),
      rebuilt("ShapeOfTexts", {six, one, tuple({text("1")}), numbers({1}), no, hooks},
              "makes a tensor whose shape holds no whole numbers"),
      rebuilt("StridesOfNone", {six, one, numbers({1}), tuple({"N"}), no, hooks},
              "makes a tensor whose strides holds no whole numbers"),
      rebuilt("TwoSizesOneStride", {six, one, numbers({1, 1}), numbers({1}), no, hooks},
              "makes a tensor of 2 dimensions with 1 strides"),
      rebuilt("SixtyFiveDimensions", {six, one, many, many, no, hooks},
              "makes a tensor of 65 dimensions, at most 64 are read"),
      opcode("ParameterOfAText",
             name("torch._utils", "_rebuild_parameter") + tuple({text("a"), no, hooks}), "R.",
             "makes a parameter from something that is no tensor"),
  };
}

INSTANTIATE_TEST_SUITE_P(Pickle, CheckpointDefect, testing::ValuesIn(pickle_defects()), kName);

// ---- what the pickle says about tensors

Defect holding(const char* name, const std::string& value, const std::string& message) {
  return {name, checkpoint(pickle(value)), message};
}

Defect with_tensor(const char* name, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, const std::string& message) {
  return holding(name, dict({{"t", tensor(storage("0", 6), offset, shape, strides)}}),
                 "tensor 't' " + message);
}

// A dict that holds the one before twice, and so on: 2^30 places from 30 dicts.
std::string doubling() {
  std::string value = whole_tensor() + "q" + std::string(1, '\0');
  for (char i = 0; i < 30; ++i)
    value = dict({{"a", value}, {"b", std::string("h") + i}}) + "q" + static_cast<char>(i + 1);
  return value;
}

std::string nested(int depth) {
  std::string value = whole_tensor();
  for (int i = 0; i < depth; ++i) value = dict({{"a", value}});
  return value;
}

std::vector<Defect> tensor_defects() {
  const std::string t = whole_tensor();
  const std::int64_t big = std::int64_t{1} << 62;
  return {
      holding("NotADict", t, "it holds a tensor, not a dict of tensors"),
      holding("AList", "]", "it holds a list, not a dict of tensors"),
      holding("NoTensors", dict({{"step", number(3)}}), "it holds no tensors"),
      holding("KeyTwice", dict({{"t", t}, {"t", t}}), "the key 't' stands in it twice"),
      holding("NumberAndTextAsKey", "}(" + number(1) + t + text("1") + t + "u",
              "the key '1' stands in it twice"),
      holding("SameNameByTwoWays", dict({{"a.b", t}, {"a", dict({{"b", t}})}}),
              "tensor 'a.b' stands in it twice"),
      holding("TupleAsKey", dict({{"a", "}(" + numbers({1, 2}) + t + "u"}}),
              "the dict 'a' has a tuple for a key; texts and whole numbers are read"),
      holding("DeepNesting", nested(33), "it is nested more than 32 deep"),
      holding("WithinItself", "}q\1(" + text("t") + t + text("a") + "h\1u",
              "it is nested more than 32 deep"),
      holding("DoubledThirtyTimes", doubling(), "it repeats itself without end"),
      holding("LongKey", dict({{std::string(513, 'k'), t}}),
              "it has a name of more than 512 bytes, '" + std::string(200, 'k') + "…'"),
      holding("LongName", dict({{std::string(300, 'k'), dict({{std::string(300, 'l'), t}})}}),
              "it has a name of more than 512 bytes, '" + std::string(200, 'k') + "…'"),
      with_tensor("NegativeStride", 5, {2, 3}, {-3, -1}, "has a negative stride: [-3, -1]"),
      with_tensor("NegativeOffset", -1, {1}, {1},
                  "reaches out of its storage of 6 elements: offset -1, shape [1], strides [1]"),
      with_tensor("OneElementTooFar", 1, {2, 3}, {3, 1},
                  "reaches out of its storage of 6 elements: offset 1, shape [2, 3], strides "
                  "[3, 1]"),
      with_tensor("ScalarBehindTheEnd", 6, {}, {},
                  "reaches out of its storage of 6 elements: offset 6, shape [], strides []"),
      with_tensor("EmptyFarOutside", big, {0}, {1},
                  "reaches out of its storage of 6 elements: offset 4611686018427387904, shape "
                  "[0], strides [1]"),
      with_tensor("StrideOverflows", 0, {3, 2}, {big, 1},
                  "reaches out of its storage of 6 elements: offset 0, shape [3, 2], strides "
                  "[4611686018427387904, 1]"),
      with_tensor("StridesSumWraps", 0, {2, 2}, {big, big},
                  "reaches out of its storage of 6 elements: offset 0, shape [2, 2], strides "
                  "[4611686018427387904, 4611686018427387904]"),
      with_tensor("NegativeShape", 0, {-2}, {1}, "has the impossible shape [-2]"),
      with_tensor("ShapeOverflows", 0, {big, 4}, {0, 0},
                  "has the impossible shape [4611686018427387904, 4]"),
      holding("StorageMissing", dict({{"t", tensor(storage("1", 6), 0, {2, 3}, {3, 1})}}),
              "its entry 'w/data/1' is missing"),
      holding("StorageTooSmall", dict({{"t", tensor(storage("0", 7), 0, {7}, {1})}}),
              "its entry 'w/data/0' has 24 bytes where the pickle says 7 elements of 4"),
      holding("StorageOfAnotherType",
              dict({{"t", tensor(storage("0", 6, "DoubleStorage"), 0, {6}, {1})}}),
              "its entry 'w/data/0' has 24 bytes where the pickle says 6 elements of 8"),
      holding("StorageThatWraps", dict({{"t", tensor(storage("0", big + 6), 0, {6}, {1})}}),
              "its entry 'w/data/0' has 24 bytes where the pickle says 4611686018427387910 "
              "elements of 4"),
  };
}

INSTANTIATE_TEST_SUITE_P(Tensors, CheckpointDefect, testing::ValuesIn(tensor_defects()), kName);

// ---- the zip file around it

std::string replaced(std::string file, const std::string& from, const std::string& to) {
  return file.replace(file.find(from), to.size(), to);
}

std::vector<Defect> zip_defects() {
  const std::string pickled = pickle(dict({{"t", whole_tensor()}}));
  const std::string good = checkpoint(pickled);
  const std::string directory = good.substr(good.size() - 22 + 12, 8);  // its size, its offset
  const Entry data{"w/data.pkl", pickled};
  return {
      {"EmptyFile", "", "its zip directory is missing; it was cut or is no zip file"},
      {"Cut", good.substr(0, good.size() - 1),
       "its zip directory is missing; it was cut or is no zip file"},
      {"DirectoryOutside", replaced(good, directory, bytes_of(0xFFFFFFF0u)),
       "its zip directory of 4294967280 bytes at byte " + std::to_string(good.find("PK\1\2")) +
           " lies outside of the file"},
      {"DirectoryDamaged", replaced(good, "PK\1\2", "PK\1\3"),
       "its zip directory is damaged at byte " + std::to_string(good.find("PK\1\2"))},
      {"OneEntryLess",
       good.substr(0, good.size() - 12) + bytes_of<std::uint16_t>(4) +
           good.substr(good.size() - 10),
       "its zip directory has 3 entries where 4 are announced"},
      {"Compressed", zip({{"w/data.pkl", pickled, 0, 8}}),
       "its entry 'w/data.pkl' is compressed, which torch.save never does; write the checkpoint "
       "again with torch.save"},
      {"Encrypted", zip({{"w/data.pkl", pickled, 1, 0}}), "its entry 'w/data.pkl' is encrypted"},
      {"EntryTwice", zip({data, data}), "its entry 'w/data.pkl' stands in it twice"},
      {"LocalHeaderDamaged", replaced(good, "PK\3\4", "PK\3\5"),
       "its entry 'w/data.pkl' of " + std::to_string(pickled.size()) +
           " bytes at byte 0 lies outside of the file"},
      {"AnotherNameInItsOwnHeader", replaced(good, "w/data.pkl", "v/data.pkl"),
       "its entry 'w/data.pkl' has another name in its own header"},
      {"NoPickle", zip({{"w/version", "3\n"}}), "it has no data.pkl; torch.save did not write it"},
      {"PickleTooDeep", zip({{"a/b/data.pkl", pickled}}),
       "it has no data.pkl; torch.save did not write it"},
      {"TorchScript", zip({data, {"w/constants.pkl", "x"}}),
       "it is a TorchScript program, not a state dict"},
      {"BigEndian", zip({data, {"w/byteorder", "big"}}),
       "its numbers are big-endian; save it on a little-endian machine"},
      {"FlippedBitInThePickle", replaced(good, "_rebuild_tensor_v2", "_rebuild_tensor_v3"),
       "its entry 'w/data.pkl' has another checksum than the zip directory says; the file is "
       "damaged, fetch it again"},
  };
}

INSTANTIATE_TEST_SUITE_P(Zip, CheckpointDefect, testing::ValuesIn(zip_defects()), kName);

// Two entries over the same bytes would let a small file describe a large one.
TEST(CheckpointZip, OverlappingEntriesAreRefused) {
  std::string file = zip({{"w/data.pkl", pickle("}")}, {"w/data/0", "12345678"}});
  const std::size_t record = file.find("PK\1\2");
  file.replace(record + 20, 8, bytes_of(40u) + bytes_of(40u));  // the pickle's sizes
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  EXPECT_EQ(message_of([&] { parse_checkpoint(bytes, "w.pt"); }),
            "w.pt: not a usable checkpoint: its entry 'w/data.pkl' overlaps 'w/data/0'");
}

TEST(CheckpointZip, TheFormatBeforePyTorch16IsRefusedWithItsCure) {
  const std::string file("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.\x80\x02M\xe9\x03.", 21);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  EXPECT_EQ(message_of([&] { parse_checkpoint(bytes, "w.pt"); }),
            "w.pt: a checkpoint in the format before PyTorch 1.6, which is not read; write it "
            "again in PyTorch: torch.save(torch.load(path), path)");
}

}  // namespace
}  // namespace histoloom
