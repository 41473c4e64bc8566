#include "training_log.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace {

constexpr std::string_view kColumns = "step,loss,held_out_loss,learning_rate,seconds";

std::string line_of(const LogRow& row) {
  const std::string held_out = row.held_out_loss ? fmt::format("{:.6g}", *row.held_out_loss) : "";
  return fmt::format("{},{:.6g},{},{:.6g},{:.1f}\n", row.step, row.loss, held_out,
                     row.learning_rate, row.seconds);
}

// Cuts the text before the first `end` off; all of it where there is none.
std::string_view take_until(std::string_view& text, char end) {
  const std::string_view field = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), field.size() + 1));
  return field;
}

template <class Number>
bool parse(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

std::optional<LogRow> row_of(std::string_view line) {
  std::array<std::string_view, 5> fields;
  for (std::string_view& field : fields) field = take_until(line, ',');
  LogRow row;
  double held_out = 0;
  if (!line.empty() || !parse(fields[0], row.step) || !parse(fields[1], row.loss) ||
      !(fields[2].empty() || parse(fields[2], held_out)) || !parse(fields[3], row.learning_rate) ||
      !parse(fields[4], row.seconds))
    return std::nullopt;
  if (!fields[2].empty()) row.held_out_loss = held_out;
  return row;
}

}  // namespace

void TrainingLog::parse_row(std::string_view line, std::int64_t number, std::int64_t step) {
  const std::optional<LogRow> row = row_of(line);
  const std::int64_t before = rows_.empty() ? 0 : rows_.back().step;
  if (number == 1 ? line != kColumns : !row || row->step <= before)
    throw UserError(
        fmt::format("{}: line {} is not one of a training's log; move the file away to go on",
                    path_.string(), number));
  if (row && row->step <= step) rows_.push_back(*row);
}

void TrainingLog::resume(std::int64_t step) {
  rows_.clear();
  if (!file_exists(path_)) return;
  const std::string text = read_file(path_);
  std::string_view rest = text;
  for (std::int64_t number = 1; number == 1 || !rest.empty(); ++number)
    parse_row(take_until(rest, '\n'), number, step);
}

void TrainingLog::append(const LogRow& row) {
  rows_.push_back(row);
  std::string text = fmt::format("{}\n", kColumns);
  for (const LogRow& each : rows_) text += line_of(each);
  replace_file(path_, text);
}

}  // namespace histoloom
