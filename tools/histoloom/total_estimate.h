// How much of a job is done, and the time that the rest of it will take: one number for all stages.
//
// Each expected stage has a cost. What this run has measured so far says how many seconds a unit
// of cost takes. The stage that runs has a pace of its own, which counts the more the further it is;
// stages to come take the pace of all. So the time left does not jump where a stage ends.
//
// Example: stages of cost 10 and 90. The first took 20 s, so the rest is told to take 180 s. If the
// second turns out to be twice as fast, the estimate moves to 90 s while its first tenth passes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "histoloom/core/progress.h"

namespace histoloom {

class TotalEstimate {
 public:
  // To be called before the first stage; else each stage that starts is the whole job.
  void expect(std::vector<ExpectedStage> stages);
  // Starts a stage. Those expected before it are done; one that was not expected costs nothing.
  void start(std::string_view stage);
  // Tells that `share` (0 to 1) of the current stage is done at `now` seconds. What was done at the
  // first call tells of no pace: an earlier run may have done it.
  void advance(double share, double now);
  // Ends the current stage.
  void end();

  // Whether the current stage may end before its units are all done.
  bool ends_early() const;
  // The share of the job that is done, 0 to 1; 1 only if its last stage has ended.
  double share() const;
  // What the rest will take; missing until there is a second of work to judge by.
  std::optional<double> seconds_left() const;

 private:
  struct Stage {
    ExpectedStage expected;
    double share = 0;                        // done, of the stage
    double first_share = 0, first_time = 0;  // at the first call of advance()
    double measured_share = 0, seconds = 0;  // done from the first call to the last, in that time
    bool advanced = false;
    double measured_cost() const { return expected.cost * measured_share; }
    double cost_left() const { return expected.cost * (1 - share); }
  };
  double total_cost() const;

  std::vector<Stage> stages_;
  std::size_t current_ = 0;  // stages before it are done
  bool expected_ = false, open_ = false;
};

}  // namespace histoloom
