// Runs the built program as a user would, and looks at what it leaves behind.
//
// The model is the default one; HISTOLOOM_TEST_MODEL names another bundle to test with.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace histoloom::test {

using Arguments = std::vector<std::string>;

// A folder of its own for each test; its files are gone afterwards.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // Every file and folder below it, relative and sorted, folders with a slash at the end.
  std::vector<std::string> listing() const;

 private:
  std::filesystem::path path_;
};

// A small disk of its own that only this process and its children see; gone with the process.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& path);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Sets its size; false, with the reason in why(), where the system permits no mounts.
  bool resize(const char* size);
  // Lets nobody write to it any more; false likewise.
  bool close();
  const std::string& why() const { return why_; }

 private:
  std::filesystem::path path_;
  std::string why_;
  bool mounted_ = false;
};

// What a finished run left: its exit code (128 + n after signal n) and its two streams.
struct Outcome {
  int code = -1;
  std::string out, err;
};

// A running program; killed by the destructor if it is still there.
class Process {
 public:
  explicit Process(const Arguments& arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  // Waits until `done` says so; false when the program ended, or a minute passed, before that.
  bool wait_until(const std::function<bool()>& done);
  Outcome wait();

 private:
  bool ended();

  pid_t child_ = -1;
  int status_ = 0;
  std::FILE* out_ = nullptr;
  std::FILE* err_ = nullptr;
};

// `histoloom ARGUMENTS`, run to its end.
Outcome run(const Arguments& arguments);
// `histoloom generate -o OUT --quiet ARGUMENTS`, with the model under test.
Arguments generate(const std::filesystem::path& out, const Arguments& arguments = {});

// The bundle under test.
std::filesystem::path model_under_test();
// A copy of it as FOLDER/model.
std::filesystem::path copy_model(const Folder& folder);

std::string bytes_of(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::string& bytes);

// Writes a one-band 8-bit PNG whose pixel (x, y) is value(x, y).
void write_mask(const std::filesystem::path& path, int width, int height,
                const std::function<int(int, int)>& value);

// One page of a TIFF, decoded by libvips.
struct Page {
  int width = 0, height = 0, bands = 0;
  std::vector<std::uint8_t> pixels;  // empty when it can't be decoded
};
Page read_page(const std::filesystem::path& path, int page);
int page_count(const std::filesystem::path& path);

}  // namespace histoloom::test
