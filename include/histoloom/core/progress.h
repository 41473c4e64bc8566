// Progress goes through what a library was handed; libraries never print.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace histoloom {

// Receives the progress of one job, stage after stage. Calls come from one thread at a time, but
// any thread may ask stop_requested() at any time.
class Progress {
 public:
  virtual ~Progress() = default;
  // Starts a stage of `total` units ("diffusion", 1200, "crops"); ends the one before.
  virtual void start_stage(std::string_view stage, std::int64_t total, std::string_view unit) = 0;
  // Tells that `done` units of the current stage are finished, and shows `detail` ("loss 0.31").
  virtual void update(std::int64_t done, std::string_view detail = {}) = 0;
  // Ends the current stage.
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
