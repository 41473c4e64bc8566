// The kernels of the program, held to what --cpu-kind says.
#pragma once

#include <string>

namespace histoloom {

// Runs the program again with its arguments, in an environment in which the libraries choose the
// kernels of `kind`: they choose when they are loaded, which has happened before main(). Returns if
// `kind` is empty, if the kernels are of it, or if the CPU can't be held to it, which parse() says.
void pin_kernels(const std::string& kind);

}  // namespace histoloom
