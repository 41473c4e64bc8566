// Whole evaluations of small pictures, and what they say on the way.
#pragma once

#include <gmock/gmock.h>

#include <atomic>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/evaluate.h"
#include "test_pictures.h"

namespace histoloom::evaluate {

// A bundle's model.json, or its label set at least, is that of the default model.
inline const std::filesystem::path kModel =
    std::filesystem::path(HISTOLOOM_SOURCE) / "models/default";

class Warnings final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override { ++updates; }
  void finish() override {}
  void warn(std::string_view message) override { all.emplace_back(message); }
  std::vector<std::string> all;
  int updates = 0;
};

// Asks to stop at the n-th time of being asked.
class StopsAt final : public Progress {
 public:
  explicit StopsAt(int n) : left_(n) {}
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  bool stop_requested() const override { return --left_ <= 0; }
  int left() const { return left_; }

 private:
  mutable std::atomic<int> left_;
};

class Evaluate : public testing::Test {
 protected:
  // Pictures of 96 × 64 px as `folder`/100.png, …
  void write_folder(const char* folder, std::uint32_t first_seed, int count) {
    std::filesystem::create_directories(scratch_ / folder);
    for (int i = 0; i < count; ++i)
      write_picture(scratch_ / folder / (std::to_string(100 + i) + ".png"),
                    test_picture({96, 64}, first_seed + static_cast<std::uint32_t>(i)));
  }
  EvaluateOptions options() const {
    EvaluateOptions o;
    o.real = {scratch_ / "real"};
    o.synthetic = {scratch_ / "synthetic"};
    o.patch = 32;
    o.directions = 8;
    o.replicates = 10;
    return o;
  }
  // The same with glass in the left of each square of 32 px.
  void write_edges(const char* folder, std::uint32_t first_seed, int count) {
    std::filesystem::create_directories(scratch_ / folder);
    for (int i = 0; i < count; ++i) {
      Picture picture = test_picture({32, 32}, first_seed + static_cast<std::uint32_t>(i));
      for (std::size_t p = 0; p < picture.samples.size(); ++p)
        if (p / 3 % 32 < 12) picture.samples[p] = 240;
      write_picture(scratch_ / folder / (std::to_string(200 + i) + ".png"), picture);
    }
  }
  // Pictures of 128 × 64 px, the left half of which is darker and labelled 1, the right one 3;
  // masks of 1 / `reduction` of their size.
  void write_labelled(const char* folder, std::uint32_t first_seed, int count,
                      std::int64_t reduction = 1) {
    std::filesystem::create_directories(scratch_ / folder);
    const PixelSize small{128 / reduction, 64 / reduction};
    std::vector<std::uint8_t> mask;
    for (std::int64_t i = 0; i < small.area(); ++i)
      mask.push_back(i % small.width < small.width / 2 ? 1 : 3);
    for (int i = 0; i < count; ++i) {
      Picture picture = test_picture({128, 64}, first_seed + static_cast<std::uint32_t>(i));
      for (std::int64_t y = 0; y < 64; ++y)
        for (std::int64_t x = 0; x < 64; ++x)
          for (std::size_t c = 0; c < 3; ++c) picture.at(x, y)[c] /= 2;
      const auto name = scratch_ / folder / std::to_string(i);
      write_picture(name.string() + ".png", picture);
      write_image(name.string() + "_mask.png", small, 1, mask);
    }
  }
  EvaluationReport report_of(const EvaluateOptions& o) const {
    SilentProgress progress;
    validate(o);
    return evaluate(o, open_inputs(o), progress);
  }
  static const ReportRow& row(const EvaluationReport& report, const std::string& measure,
                              const std::string& of) {
    for (const ReportRow& row : report.rows)
      if (row.measure == measure && row.of == of) return row;
    throw std::runtime_error("no row " + measure + " " + of);
  }
  std::string refusal(const std::function<void(EvaluateOptions&)>& change) const {
    EvaluateOptions o = options();
    change(o);
    return message_of([&] { validate(o); });
  }

  ScratchDirectory scratch_;
};

}  // namespace histoloom::evaluate
