// Files read whole, and files written so that a crash leaves either the old or the new one.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace histoloom {

// Whether there is something at `path`. UserError if that can't be told (no permission on the way,
// a name that is too long, links in a circle).
bool file_exists(const std::filesystem::path& path);

// What a name leads to, without links, dots and a slash at the end, as far as the name is there.
// All ways to write a name give one result.
std::filesystem::path meant_by(const std::filesystem::path& path);

// The files of a folder that have one of these endings (".png"), in capitals or not, in the order
// of their names. A name that begins with a dot is passed over: macOS adds "._a.png" to "a.png".
// UserError names the folder if it can't be listed.
std::vector<std::filesystem::path> files_with_endings(const std::filesystem::path& folder,
                                                      std::span<const std::string_view> endings);

// The bytes of a file. UserError names the path and the cause.
std::string read_file(const std::filesystem::path& path);

// A file that takes the place of `path` once it is whole: written beside it ("NAME.tmp"), synced,
// renamed, and the directory synced. What is not committed is discarded.
//
// Every function throws UserError with the path and the cause.
class FileReplacement {
 public:
  explicit FileReplacement(std::filesystem::path path);
  ~FileReplacement();
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  // Appends; in memory: 1 MiB of what was appended last.
  void write(std::string_view bytes);
  void commit();

 private:
  void flush();
  [[noreturn]] void give_up(int code);

  std::filesystem::path path_, aside_;
  std::string buffer_;
  int fd_;
};

// Replaces a file by these bytes: aside, synced, renamed.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace histoloom
