#include "histoloom/model/inference_thread.h"

#include <torch/torch.h>

namespace histoloom {

struct InferenceThread::State {
  c10::InferenceMode mode;
};

InferenceThread::InferenceThread() : state_(std::make_unique<State>()) {
  // OpenMP keeps its number of threads by thread, so each asks once.
  thread_local const bool single = (at::set_num_threads(1), true);
  static_cast<void>(single);
}

InferenceThread::~InferenceThread() = default;

}  // namespace histoloom
