// What a report looks like.
#include <limits>

#include "evaluation.h"

namespace histoloom::evaluate {
namespace {

using testing::HasSubstr;

TEST(Report, SaysWhatIsMissingAndWhatIsInfinite) {
  EvaluationReport report;
  report.facts_json = R"({"seed": 3})";
  report.rows.push_back(
      {"psnr", "", "dB", {}, {}, {}, Figure(std::numeric_limits<double>::infinity())});
  report.rows.push_back(
      {"fid", "a", "", Figure(Estimate{1.25, Interval{1, 1.5}}), Figure(0.5), Figure(2)});
  report.curves.push_back({"spectrum", {1, 0.5}});
  EXPECT_EQ(report_table(report),
            "measure  synthetic                  real against real          ceiling    unit\n"
            "         reconstruction\n"
            "psnr     inf                        -                                     dB\n"
            "         synthetic\n"
            "fid a    1.25 [1, 1.5]              0.5                        2\n");
  EXPECT_EQ(report_json(report), R"({
  "seed": 3,
  "measures": [
    {
      "measure": "psnr",
      "of": "",
      "unit": "dB",
      "synthetic": null,
      "real": null,
      "reconstruction": {
        "value": null
      }
    },
    {
      "measure": "fid",
      "of": "a",
      "unit": "",
      "synthetic": {
        "value": 1.25,
        "interval": [
          1.0,
          1.5
        ]
      },
      "real": {
        "value": 0.5
      },
      "ceiling": {
        "value": 2.0
      }
    }
  ],
  "curves": {
    "spectrum": [
      1.0,
      0.5
    ]
  }
}
)");
}

class Reported : public Evaluate {};

TEST_F(Reported, TheReportHoldsWhatIsNeededToRepeatIt) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 4);
  EvaluateOptions o = options();
  o.model = kModel;
  o.seams = {{32, 0}, {24, 5}};
  o.seed = 7;
  const std::string json = report_json(report_of(o));
  for (const std::string& part :
       {std::string("\"seed\": 7,"), "\"model\": \"" + kModel.string() + "\",",
        std::string("\"features\": \"\","), std::string("\"classes\": [],"),
        std::string("\"seams\": [\n    \"32+0\",\n    \"24+5\"\n  ],"),
        std::string("\"latent_factor\": 8,"), std::string("\"directions\": 8,"),
        std::string("\"replicates\": 10,")})
    EXPECT_THAT(json, HasSubstr(part));
}

}  // namespace
}  // namespace histoloom::evaluate
