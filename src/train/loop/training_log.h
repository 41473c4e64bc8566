// The log of a training: a CSV file beside its checkpoint, one row a checkpoint.
//
//   step,loss,held_out_loss,learning_rate,seconds
//   500,0.412738,0.425514,0.0004,193.2
//
// A resumed training takes over the rows up to its checkpoint's step, so that the log of a training
// that was killed is that of an unbroken one, but for the seconds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace histoloom {

struct LogRow {
  std::int64_t step = 0;
  double loss = 0;                      // mean since the row before
  std::optional<double> held_out_loss;  // of the averaged weights; empty where nothing is held out
  double learning_rate = 0;             // of the last step
  double seconds = 0;                   // of training, all runs together

  bool operator==(const LogRow&) const = default;
};

class TrainingLog {
 public:
  // Touches no file.
  explicit TrainingLog(std::filesystem::path path) : path_(std::move(path)) {}

  // Takes over the file's rows up to `step`; none where the file is missing. UserError names the
  // first line that is not a row of a log.
  void resume(std::int64_t step);
  // Adds a row of a later step and replaces the file, so that a kill leaves whole rows. UserError
  // as replace_file().
  void append(const LogRow& row);

  const std::vector<LogRow>& rows() const { return rows_; }

 private:
  void parse_row(std::string_view line, std::int64_t number, std::int64_t step);

  std::filesystem::path path_;
  std::vector<LogRow> rows_;
};

}  // namespace histoloom
