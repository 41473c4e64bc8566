// What a denoiser's output stands for, and the conversions between the three (Salimans and Ho 2022,
// section 4). For a noisy x = alpha·x0 + sigma·epsilon, v = alpha·epsilon − sigma·x0.
#pragma once

#include "histoloom/vocabulary/enum_names.h"

namespace histoloom {

enum class Prediction { v, epsilon, x0 };

template <>
struct EnumNames<Prediction> {
  static constexpr std::array table{std::pair{Prediction::v, std::string_view("v")},
                                    std::pair{Prediction::epsilon, std::string_view("epsilon")},
                                    std::pair{Prediction::x0, std::string_view("x0")}};
};

// The clean value that `output` stands for at a noisy `x`; for numbers and for tensors.
template <class Value, class Scale>
Value clean_of(Prediction prediction, const Value& x, const Value& output, const Scale& alpha,
               const Scale& sigma) {
  switch (prediction) {
    case Prediction::v:
      return alpha * x - sigma * output;
    case Prediction::epsilon:
      return (x - sigma * output) / alpha;
    case Prediction::x0:
      break;
  }
  return output;
}

// What a network is to say of the noisy value that x0 and `noise` make.
template <class Value, class Scale>
Value target_of(Prediction prediction, const Value& x0, const Value& noise, const Scale& alpha,
                const Scale& sigma) {
  switch (prediction) {
    case Prediction::v:
      return alpha * noise - sigma * x0;
    case Prediction::epsilon:
      return noise;
    case Prediction::x0:
      break;
  }
  return x0;
}

}  // namespace histoloom
