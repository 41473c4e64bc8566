// What long loops ask.
#pragma once

#include "histoloom/core/error.h"
#include "histoloom/core/progress.h"

namespace histoloom::evaluate {

// Any thread. \error Interrupted once the user has asked to stop.
inline void stop_if_asked(const Progress* progress) {
  if (progress != nullptr && progress->stop_requested())
    throw Interrupted("interrupted; nothing has been written");
}

}  // namespace histoloom::evaluate
