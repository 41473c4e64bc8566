// Progress goes through what a library was handed; libraries never print.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace histoloom {

// A stage that is still to come.
struct ExpectedStage {
  std::string name;         // name that start_stage() will be given
  double cost = 1;          // time that it takes, in any unit that the stages of a job share
  bool ends_early = false;  // whether it may be done before all its units are, as a training may
};

// Receives the progress of one job, stage after stage. Calls come from one thread at a time, but
// any thread may ask stop_requested() at any time.
//
// Example: "painting labels" (cost 2), "painting latents" (97) and "decoding and writing" (17) are
// expected. After half of the latents 2 + 48.5 of 116 are done, 44 % of the job.
class Progress {
 public:
  virtual ~Progress() = default;
  // Tells which stages are to come, before the first of them starts. `stages` is called only if the
  // progress is shown, so it may look at networks. Without this call every stage is a job of its own.
  virtual void expect(const std::function<std::vector<ExpectedStage>()>&) {}
  // Starts a stage of `total` units ("diffusion", 1200, "crops"); ends the one before.
  virtual void start_stage(std::string_view stage, std::int64_t total, std::string_view unit) = 0;
  // Tells that `done` units of the current stage are finished, and shows `detail` ("loss 0.31").
  // Speed counts from the first call of a stage, so a resumed one tells first what earlier runs did.
  virtual void update(std::int64_t done, std::string_view detail = {}) = 0;
  // Ends the current stage, whose units are all done unless it was expected to end early.
  virtual void finish() = 0;
  // A line that the user should read although the job goes on.
  virtual void warn(std::string_view message) = 0;
  // A line for those who ask for more: a decision, a figure, what a stage took.
  virtual void log(std::string_view) {}
  // Whether the user has asked the job to stop; long loops ask and throw Interrupted.
  virtual bool stop_requested() const { return false; }
};

// Says nothing.
class SilentProgress final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
};

}  // namespace histoloom
