// What every thread that calls a network holds during the call.
#pragma once

#include <memory>

namespace histoloom {

// Switches autograd off and has this thread's network calls run on itself alone. So the bits are
// the same whatever the number of threads, which run calls side by side instead.
class InferenceThread {
 public:
  InferenceThread();
  ~InferenceThread();
  InferenceThread(const InferenceThread&) = delete;
  InferenceThread& operator=(const InferenceThread&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
