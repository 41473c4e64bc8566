// What every thread that calls a network holds while it does.
#pragma once

#include <memory>

namespace histoloom {

// Switches autograd off and has this thread's network calls run on itself alone: the same bits
// whatever the number of threads, which run calls side by side instead.
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
