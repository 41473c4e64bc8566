// The bytes of a checkpoint: values one after the other, and a checksum over all of them.
//
// A checkpoint is read on the machine that wrote it, so that values are stored as they lie in
// memory. Arrays go straight from and to where they live: nothing is held twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "histoloom/core/file.h"

namespace histoloom::pyramid {

// Replaces a checkpoint by another, whole or not at all. \error UserError naming the path.
class CheckpointOut {
 public:
  explicit CheckpointOut(const std::filesystem::path& path) : file_(path) {}

  template <class T>
  void put(const T& value) {
    put_all(std::span<const T>(&value, 1));
  }
  // The values alone; the reader knows how many.
  template <class T>
  void put_all(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    append({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  void put_text(std::string_view text);

  void commit();

 private:
  void append(std::string_view bytes);

  FileReplacement file_;
  std::uint32_t checksum_ = 0;
};

class CheckpointIn {
 public:
  // Nothing where there is no file, where it is cut or where a bit of it has changed.
  static std::optional<CheckpointIn> open(const std::filesystem::path& path);

  template <class T>
  T get() {
    T value{};
    get_all(std::span<T>(&value, 1));
    return value;
  }
  template <class T>
  void get_all(std::span<T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    read(reinterpret_cast<char*>(values.data()), values.size_bytes());
  }
  // A number of things, at most `most`.
  std::uint64_t get_count(std::uint64_t most);
  std::string get_text();

 private:
  CheckpointIn(std::ifstream file, std::uint64_t left) : file_(std::move(file)), left_(left) {}
  void read(char* bytes, std::size_t count);

  std::ifstream file_;
  std::uint64_t left_;  // bytes before the checksum
};

}  // namespace histoloom::pyramid
