// The work directory of one job.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "account.h"
#include "file_mark.h"
#include "histoloom/core/file_lock.h"
#include "histoloom/core/replaceable.h"
#include "histoloom/job/generate_spec.h"
#include "state_file.h"

namespace histoloom {

// Whether a job goes on, and which files that are there it may replace.
struct ResumeDecision {
  bool resume = false;
  Replaceable replace{false};  // everything with --force, else what killed runs were to write
};
// Goes on with --resume, and if --work names a directory that holds a job: the same command is
// enough. \error UserError for a state that is damaged.
ResumeDecision decide_resume(const WorkSpec& work, bool force);
// The same of a job whose outputs may then be written. \error UserError, as check_outputs() too.
ResumeDecision checked_resume(const GenerateSpec& spec);

// Opened in two steps, so that checks come before anything is written. One process at a time works
// in it: from the look, or where there is nothing yet from open(), a lock keeps others out.
class WorkDirectory {
 public:
  // Looks, and writes nothing. UserError for a directory that another process works in, whatever is
  // asked for; for one that holds another job, or an unfinished one that neither --resume nor
  // --force speaks of; or for --resume where there is nothing. `job_json` is what binds arrays to the
  // job; `cpu_kind`, of this run's kernels, is not: UserError for a resume with another kind unless
  // work.other_cpu permits it.
  // `stages`: how many coarser stages the job has.
  WorkDirectory(const WorkSpec& work, bool resume, bool force, std::string job_json,
                std::string cpu_kind, std::size_t stages = 0);

  // Makes the directory with job.json, or leaves what a resume continues.
  void open();
  // The kinds of kernels of all runs with this one, in their order; one unless other_cpu.
  const std::vector<std::string>& cpu_kinds() const { return cpu_kinds_; }
  // The job in 64 hexadecimal digits, which its arrays state.
  std::string job_sha256() const;
  // Notes files that are written next, by their absolute_name()s. None of them is there but what
  // earlier runs left, so they are the job's own. `slide`: of the whole slide, if OUT gets its name
  // after all others are written.
  void note_outputs(const std::set<std::string>& outputs, std::optional<FileMark> slide,
                    const Account& account);
  // Whether OUT is that slide: a run was killed when only finish() was left to do.
  bool has_named_slide(const std::filesystem::path& out) const;
  // How far a coarser stage has come; as state.json says, like all that follows.
  StageState stage(std::size_t index) const;
  // Replaces state.json.
  void commit_stage(std::size_t index, StageState state, const Account& account);
  // What lies in the latents.
  PaintedPart painted() const { return painted_; }
  // What the runs before have done.
  const Account& account() const { return account_; }
  // Replaces state.json.
  void commit(PaintedPart part, const Account& account);
  // The same of the painted labels, which come first.
  PaintedPart painted_labels() const { return painted_labels_; }
  void commit_labels(PaintedPart part, const Account& account);
  // The checkpoint of the slide that is being written.
  std::filesystem::path checkpoint() const;
  // The directories of the image's canvas, and of the painted labels'.
  std::filesystem::path latents() const { return path_ / "latents"; }
  std::filesystem::path mask() const { return path_ / "mask"; }
  // The directory of a coarser stage's canvas and picture, "stages/0" of the coarsest.
  std::filesystem::path stage_directory(std::size_t index) const;
  // After success: removes it, or where the user named it notes that nothing is the job's
  // own any more.
  void finish();

 private:
  // \error UserError where another process has the lock.
  void take_lock();
  // \error UserError if a canvas that is to be made anew holds what isn't ours.
  void check_canvases() const;
  // Makes an empty directory of what nothing is committed of.
  void renew(const std::filesystem::path& directory) const;
  // The same of the coarser stages, which take no directory in a job without them.
  void renew_stages() const;
  void remove_stages() const;
  // Takes the kinds from job.json. \error UserError if this is another job or another kind.
  void check_resumed_job();
  [[noreturn]] void refuse_cpu_kind() const;
  void write_job() const;
  void write_state(const Account& account) const;
  void read_state();

  std::filesystem::path path_;
  std::optional<FileLock> lock_;
  bool named_, resume_, other_cpu_;
  std::string job_json_, cpu_kind_;
  std::vector<std::string> cpu_kinds_;
  PaintedPart painted_, painted_labels_;
  std::vector<StageState> stages_;  // as many as the job has
  Account account_;
  std::set<std::string> outputs_;  // of all runs of the job
  std::optional<FileMark> slide_;
};

}  // namespace histoloom
