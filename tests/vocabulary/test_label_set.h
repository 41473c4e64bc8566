// A label set for tests.
#pragma once

#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

inline constexpr const char* kTissueJson = R"({"labels": [
  {"id": 0, "name": "unknown", "color": [0, 0, 0]},
  {"id": 1, "name": "carcinoma", "color": [200, 0, 0]},
  {"id": 2, "name": "necrosis", "color": [90, 60, 30]},
  {"id": 3, "name": "stroma", "color": [240, 170, 200]},
  {"id": 4, "name": "other", "color": [120, 90, 200]},
  {"id": 5, "name": "glass", "color": [245, 245, 245]}], "unknown": 0, "glass": 5})";

inline LabelSet tissue_labels() { return LabelSet::parse(kTissueJson, "model.json"); }

}  // namespace histoloom
