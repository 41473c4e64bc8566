// The work directory of one job.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "histoloom/core/file_lock.h"
#include "histoloom/slide/options.h"
#include "replaceable.h"
#include "tally.h"

namespace histoloom {

// Has a job go on whose directory --work names, unless --force starts it over: the same command is
// enough. Returns which files that are there may be replaced: all with --force, and else those that
// the killed runs of this job were to write. \error UserError where its state is damaged.
Replaceable settle_resume(GenerateOptions& options);

// Opened in two steps, so that checks come before anything is written. One process at a time works
// in it: from the look, or where there is nothing yet from open(), a lock keeps others out.
class WorkDirectory {
 public:
  // Looks, and writes nothing. UserError for a directory that another process works in, whatever is
  // asked for; for one that holds another job, or an unfinished one that neither --resume nor
  // --force speaks of; or for --resume where there is nothing.
  // `kept`: the user named it, so it stays after success.
  WorkDirectory(std::filesystem::path path, bool kept, bool resume, bool force,
                std::string job_json);

  // Makes the directory with job.json, or leaves what a resume continues. Notes `outputs`, by their
  // absolute_name()s: none of them was there but what earlier runs left, so they are the job's own.
  void open(const std::set<std::string>& outputs);
  // What lies in the latents, as state.json says.
  PaintedPart painted() const { return painted_; }
  // What the runs before have done.
  const Tally& tally() const { return tally_; }
  // Replaces state.json.
  void commit(PaintedPart part, const Tally& tally);
  // The same of the painted labels, which come first.
  PaintedPart painted_labels() const { return painted_labels_; }
  void commit_labels(PaintedPart part, const Tally& tally);
  // The checkpoint of the slide that is being written.
  std::filesystem::path checkpoint() const;
  std::filesystem::path latents(int generation) const;
  // Where the canvas of the painted labels lies.
  std::filesystem::path mask() const { return path_ / "mask"; }
  // The clean latents that some solvers keep.
  std::filesystem::path clean_latents(int generation) const;
  // After success: removes it, or where the user named it notes that nothing is the job's
  // own any more.
  void finish();

 private:
  // \error UserError where another process has the lock.
  void take_lock();
  // Makes an empty directory of what nothing is committed of.
  void renew(const std::filesystem::path& directory) const;
  void write_state(const Tally& tally) const;
  void read_state();

  std::filesystem::path path_;
  std::optional<FileLock> lock_;
  bool kept_, resume_;
  std::string job_json_;
  PaintedPart painted_, painted_labels_;
  Tally tally_;
  std::set<std::string> outputs_;  // of all runs of the job
};

}  // namespace histoloom
