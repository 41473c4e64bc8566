#include "histoloom/networks/inference_thread.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <omp.h>

namespace histoloom {

// OpenMP keeps its number of threads by thread. libtorch sets a thread's when it first asks for it,
// so it is asked first.
struct InferenceThread::State {
  c10::InferenceMode mode;
  int threads_before = at::get_num_threads();
  State() { omp_set_num_threads(1); }
  ~State() { omp_set_num_threads(threads_before); }
};

InferenceThread::InferenceThread() : state_(std::make_unique<State>()) {}

InferenceThread::~InferenceThread() = default;

}  // namespace histoloom
