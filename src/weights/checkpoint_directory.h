// What a PyTorch checkpoint holds, without torch: a zip file with a pickle, data.pkl, that says how
// the tensors lie in the entries data/0, data/1, ….
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "histoloom/weights/stored_tensor.h"
#include "zip_directory.h"

namespace histoloom {

struct CheckpointTensor {
  StoredTensor stored;  // its offset counts from the file's beginning
  std::string storage;  // the entry of the zip file that holds it; several may share it
};

struct CheckpointDirectory {
  ZipDirectory zip;
  // By the keys that lead to them, joined by dots ("ema.ema_model.weight"; a list's are numbers).
  std::map<std::string, CheckpointTensor> tensors;
};

// Reads and checks all of a checkpoint but its tensors' values: every tensor lies within its
// storage. UserError begins with `path` and says what is wrong; nothing is allocated or run on the
// file's word.
CheckpointDirectory parse_checkpoint(std::span<const std::uint8_t> file, const std::string& path);

}  // namespace histoloom
