// The arrays of a canvas on disk, told from what others put into the same directory.
#pragma once

#include <filesystem>

namespace histoloom {

// The array of the latents that inpainting keeps, next to those of its canvas.
inline constexpr const char* kKeptArray = "kept";

// The array of the picture of a coarser stage, next to those of its canvas.
inline constexpr const char* kPictureArray = "picture";

// Whether a directory holds nothing but arrays of a canvas, and `besides`, a file's name; true if it
// isn't there.
bool holds_only_canvas(const std::filesystem::path& directory, const char* besides = nullptr);

// Removes the arrays, and the directory if nothing is left in it.
void remove_canvas(const std::filesystem::path& directory);

}  // namespace histoloom
