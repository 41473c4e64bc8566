// The pickles inside of PyTorch checkpoints, read without running anything.
//
// A pickle is a program for a stack machine, which may call anything that Python can import. This
// machine knows the few opcodes and classes that state dicts need (pickle_opcodes.h,
// pickle_classes.h) and refuses everything else by its name; a class is a word to it, nothing is
// looked up. It yields values: numbers, texts, lists, dicts, and tensors as ranges of storages.
// Values refer to each other by number, so that one may stand at many places, even within itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "histoloom/weights/stored_tensor.h"
#include "pickle_classes.h"

namespace histoloom {

using PickleId = std::uint32_t;  // index into Pickle::values

// Something that training left behind and no network needs.
struct PickleInert {};

struct PickleList {
  std::vector<PickleId> items;
};
struct PickleTuple {
  std::vector<PickleId> items;
};
struct PickleDict {
  std::vector<std::pair<PickleId, PickleId>> items;  // as they were set, a key may stand twice
  bool ordered = false;                              // an OrderedDict
};
// What a tensor's numbers lie in: the entry data/KEY of the checkpoint.
struct PickleStorage {
  std::string_view key;
  ElementType type = ElementType::f32;
  std::int64_t elements = 0;
};
// A view of a storage. Its shape and strides are what the pickle says, not yet checked.
struct PickleTensor {
  PickleStorage storage;
  std::int64_t offset = 0;  // in elements
  std::vector<std::int64_t> shape, strides;
};

// std::monostate is None.
using PickleValue =
    std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PickleList,
                 PickleTuple, PickleDict, PickleClass, PickleStorage, PickleTensor, PickleInert>;

// What a value is, in words ("a list").
std::string describe(const PickleValue& value);

struct Pickle {
  std::vector<PickleValue> values;
  PickleId root = 0;

  const PickleValue& operator[](PickleId id) const { return values[id]; }
};

// Runs the pickle. Its texts are views of `bytes`, which must outlive it. UserError begins with
// `path` and names the byte. Memory is bounded by a multiple of the pickle's size.
Pickle parse_pickle(std::span<const std::uint8_t> bytes, const std::string& path);

}  // namespace histoloom
