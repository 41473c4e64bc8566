// Runs the built program as a user would, and looks at what it leaves behind.
//
// The model is a small one with random weights, since little that is looked at depends on how good
// it is. HISTOLOOM_TEST_MODEL names another bundle to test with, which must have the same labels and
// state the sums of its weights. What is said of the default model runs without --model.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "support/scratch_directory.h"

namespace histoloom::test {

using Arguments = std::vector<std::string>;

using Folder = ScratchDirectory;

// A small disk of its own that only this process and its children see; gone with the process.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& path);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Sets its size; false, with the reason in why(), where the system permits no mounts.
  bool resize(const char* size);
  // Lets nobody write to it any more; false, with the reason in why(), if it can not.
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
  explicit Process(const Arguments& arguments,
                   const std::filesystem::path& program = HISTOLOOM_PROGRAM);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return child_; }
  void send(int signal) const;
  // Lets it run until `done` says so and holds it there (SIGSTOP): it stands still whenever `done`
  // looks, so what was seen stays so until SIGCONT or the end. False, with the program running or
  // ended, where it ended before that, or never seems to.
  bool hold_at(const std::function<bool()>& done);
  Outcome wait();

 private:
  // Has it stand still; false where it has ended.
  bool hold();

  pid_t child_ = -1;
  int status_ = 0;
  std::FILE* out_ = nullptr;
  std::FILE* err_ = nullptr;
};

// `histoloom ARGUMENTS`, or another program, run to its end.
Outcome run(const Arguments& arguments, const std::filesystem::path& program = HISTOLOOM_PROGRAM);
// `histoloom generate -o OUT --quiet ARGUMENTS`, with the model under test if they name none.
Arguments generate(const std::filesystem::path& out, const Arguments& arguments = {});
// `histoloom mask -o OUT --quiet ARGUMENTS`, with the model under test if they name none.
Arguments mask(const std::filesystem::path& out, const Arguments& arguments = {});
// The same command without --model: with the default model.
Arguments by_default_model(const Arguments& command);

// The bundle under test.
std::filesystem::path model_under_test();
// A copy of it as FOLDER/model.
std::filesystem::path copy_model(const Folder& folder);

std::string bytes_of(const std::filesystem::path& path);

// Writes a one-band 8-bit PNG whose pixel (x, y) is value(x, y).
void write_mask(const std::filesystem::path& path, int width, int height,
                const std::function<int(int, int)>& value);
// The same of several bands, whose sample is value(x, y, band).
void write_image(const std::filesystem::path& path, int width, int height, int bands,
                 const std::function<int(int, int, int)>& value);

// One page of a TIFF, decoded by libvips.
struct Page {
  int width = 0, height = 0, bands = 0;
  std::vector<std::uint8_t> pixels;  // empty when it can't be decoded
};
Page read_page(const std::filesystem::path& path, int page);
int page_count(const std::filesystem::path& path);

}  // namespace histoloom::test
