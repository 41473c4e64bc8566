// The system's own failures, injected at every call by which a file is made: a file is whole or
// absent, and the error says which file and, where the disk is full, how large it will be.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "histoloom/core/byte_size.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

// The calls of one run in their order, and the one that is to fail.
struct Script {
  std::vector<std::string> calls;
  int fail_at = -1;
  int code = EIO;

  // True where this call fails, with errno set.
  bool fails(const char* name) {
    calls.emplace_back(name);
    if (static_cast<int>(calls.size()) - 1 != fail_at) return false;
    errno = code;
    return true;
  }
};

FileCalls failing(Script& script) {
  const FileCalls real = system_calls();
  return {[&script, real](int fd, const void* bytes, std::size_t count, off_t offset) {
            return script.fails("pwrite") ? ssize_t{-1} : real.pwrite(fd, bytes, count, offset);
          },
          [&script, real](int fd) { return script.fails("fsync") ? -1 : real.fsync(fd); },
          [&script, real](const char* from, const char* to) {
            return script.fails("rename") ? -1 : real.rename(from, to);
          }};
}

class Injection : public testing::Test {
 protected:
  Injection() {
    options_.profile = Profile::svs;
    options_.compression = Compression::none;
    options_.tile = 64;
  }

  void write_with(const FileCalls& calls) {
    PyramidWriter writer(open_file_sink(path_, calls), path_, options_);
    writer.write_rows(picture_.rows(0, picture_.height));
    writer.finish();
  }

  // The names of all calls of a run that nothing befalls.
  std::vector<std::string> calls_of_a_good_run() {
    Script script;
    write_with(failing(script));
    expected_ = bytes_of(path_);
    std::filesystem::remove(path_);
    return script.calls;
  }

  // Fails one call after the other with `code`; `message` is that of each call's error.
  template <class Message>
  void fail_each_call(int code, const Message& message) {
    const std::vector<std::string> calls = calls_of_a_good_run();
    for (std::size_t i = 0; i + 1 < calls.size(); ++i) {  // the last is the directory's fsync
      SCOPED_TRACE(testing::Message() << "call " << i << ", " << calls[i]);
      Script script{{}, static_cast<int>(i), code};
      EXPECT_THAT(message_of([&] { write_with(failing(script)); }), message(calls[i]));
      EXPECT_EQ(script.calls.size(), i + 1) << "it went on after the error";
      EXPECT_THAT(scratch_.files(), testing::IsEmpty());
    }
  }

  std::string doing(const std::string& call) const {
    return (call == "rename" ? "renaming the finished " : "writing ") + path_.string() + ": ";
  }

  ScratchDirectory scratch_;
  const std::filesystem::path path_ = scratch_ / "slide.svs";
  const Picture picture_ = noise(1000, 900, 3);  // 4 MB, so that the buffer is flushed on the way
  WriterOptions options_ = options_for(picture_);
  std::vector<std::uint8_t> expected_;
};

TEST_F(Injection, MeetsEveryKindOfCall) {
  // Full buffers, the rest, the header; then the file, its name and the directory.
  EXPECT_THAT(calls_of_a_good_run(),
              testing::ElementsAre("pwrite", "pwrite", "pwrite", "pwrite", "pwrite", "pwrite",
                                   "fsync", "rename", "fsync"));
}

TEST_F(Injection, OfAnInputOutputErrorNamesTheFileAndLeavesNothing) {
  fail_each_call(EIO, [&](const std::string& call) {
    return testing::Eq(doing(call) + "Input/output error");
  });
}

TEST_F(Injection, OfAFullDiskNamesTheFileAndTheBytesNeededAndLeavesNothing) {
  fail_each_call(ENOSPC, [&](const std::string& call) {
    return testing::MatchesRegex(
        doing(call) +
        "No space left on device after [0-9.]+ (B|MiB); about [0-9.]+ MiB are needed");
  });
}

TEST_F(Injection, OfAFullDiskEstimatesTheBytesToAFifth) {
  const std::size_t calls = calls_of_a_good_run().size();
  for (std::size_t i = 0; i + 1 < calls; ++i) {
    Script script{{}, static_cast<int>(i), ENOSPC};
    const std::string message = message_of([&] { write_with(failing(script)); });
    const std::size_t at = message.find("about ") + 6;
    const auto needed = parse_byte_size(fmt::format("{}MiB", std::stod(message.substr(at))));
    // Thumbnail, label and macro, a sixth of so small a file, are not foreseen.
    EXPECT_NEAR(static_cast<double>(needed) / static_cast<double>(expected_.size()), 1, 0.2)
        << message;
  }
}

TEST_F(Injection, OfADirectoryThatCantBeSyncedIsNoError) {
  const std::size_t calls = calls_of_a_good_run().size();
  Script script{{}, static_cast<int>(calls) - 1, EINVAL};
  write_with(failing(script));
  EXPECT_EQ(bytes_of(path_), expected_);
}

TEST_F(Injection, OfShortAndInterruptedWritesChangesNoByte) {
  calls_of_a_good_run();
  const FileCalls real = system_calls();
  FileCalls calls = real;
  int n = 0;
  calls.pwrite = [&](int fd, const void* bytes, std::size_t count, off_t offset) {
    errno = EINTR;
    if (++n % 3 == 0) return ssize_t{-1};
    return real.pwrite(fd, bytes, std::min<std::size_t>(count, 4096 + 1), offset);
  };
  write_with(calls);
  EXPECT_GT(n, 500);
  EXPECT_EQ(bytes_of(path_), expected_);
}

TEST_F(Injection, OfAWriteOfNothingEndsInAnError) {
  FileCalls calls = system_calls();
  calls.pwrite = [](int, const void*, std::size_t, off_t) { return ssize_t{0}; };
  EXPECT_EQ(message_of([&] { write_with(calls); }), doing("pwrite") + "Input/output error");
  EXPECT_THAT(scratch_.files(), testing::IsEmpty());
}

}  // namespace
}  // namespace histoloom::pyramid::test
