// Where the model lies that comes with the program.
#pragma once

#include <filesystem>

namespace histoloom {

// Of a program that was installed, PREFIX/share/histoloom/models/default, wherever PREFIX was moved
// to; else models/default beside the program; else that of the tree that it was built from.
std::filesystem::path default_model();

}  // namespace histoloom
