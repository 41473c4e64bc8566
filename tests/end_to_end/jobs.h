// Jobs that are stopped on their way, and how far they have come.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {

// So many steps that a job is seen on its way: the small model takes milliseconds a step.
constexpr int kSteps = 16;
inline const Arguments kJob{"--size", "256x300", "--steps",  std::to_string(kSteps),
                            "--seed", "2",       "--layout", "full"};

inline Arguments plus(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A count in the state of a work directory; 0 where there is none yet.
inline int committed(const std::filesystem::path& work, const char* key) {
  // Replaced by renaming, so it is whole whenever it is there.
  const auto state = nlohmann::json::parse(bytes_of(work / "state.json"), nullptr, false);
  return state.is_discarded() ? 0 : state.value(key, 0);
}

inline int committed_steps(const std::filesystem::path& work) {
  return committed(work, "committed_steps");
}

// Tall, so that decoding goes through many rows of tiles.
inline const Arguments kTall{"--size", "64x8192", "--steps",  "1",
                             "--seed", "2",       "--layout", "full"};

inline nlohmann::json json_in(const std::filesystem::path& file) {
  return nlohmann::json::parse(bytes_of(file));
}

// The slide of a job that nothing stops.
inline std::string unbroken(const Folder& folder, const Arguments& job) {
  const Outcome outcome = run(generate(folder / "unbroken.svs", job));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return bytes_of(folder / "unbroken.svs");
}

// A job that is stopped on its way, which goes on to the bytes of one that nothing stops.
//
//     StoppedJob job(kJob);
//     ASSERT_TRUE(job.kill_at_step(3));
//     job.expect_resumes();
class StoppedJob {
 public:
  // Runs the job once, elsewhere, to its end.
  explicit StoppedJob(const Arguments& job);

  // Its folder, OUT and work directory.
  const Folder& folder() const { return folder_; }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }
  const std::filesystem::path& out() const { return out_; }
  const std::filesystem::path& work() const { return work_; }
  const std::string& expected() const { return expected_; }
  // Has OUT and the work lie elsewhere; the work is then named in the job.
  void put_out(const std::filesystem::path& out);
  void put_work(const std::filesystem::path& work);
  // Options of the runs that are stopped and resumed.
  void add(const Arguments& own) { job_ = plus(job_, own); }
  // The command, with more options.
  Arguments command(const Arguments& more = {}) const { return generate(out_, plus(job_, more)); }

  // Runs it until `there` and kills it, with nothing under its final name; false where it ended
  // before that.
  [[nodiscard]] bool kill_at(const std::function<bool()>& there, const Arguments& more = {});
  // Once so many steps are committed.
  [[nodiscard]] bool kill_at_step(int steps, const Arguments& more = {});
  // Runs it until `there`, does something and has it go on: what it left.
  Outcome meet_at(const std::function<bool()>& there, const std::function<void()>& something,
                  const Arguments& more = {});
  // Once the slide has a checkpoint.
  std::function<bool()> decoding() const;
  std::function<bool()> at_step(int steps) const;

  // Runs it to its end, expecting success and the same bytes.
  Outcome expect_resumes(const Arguments& how = {"--resume"});

 private:
  Folder folder_;
  Arguments job_;
  std::filesystem::path out_, work_;
  std::string expected_;
};

}  // namespace histoloom::test
