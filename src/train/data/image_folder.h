// The files of a folder of training images.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace histoloom {

// An image and the mask beside it.
struct ImageFile {
  std::filesystem::path image;
  std::filesystem::path mask;  // NAME_mask of the same or another ending; empty: there is none
  std::string name() const { return image.stem().string(); }
};

// PNG, JPEG and TIFF files by their endings, in the order of their names, without the masks.
// UserError where the folder can't be listed or holds none, and for two images of one name.
std::vector<ImageFile> list_images(const std::filesystem::path& folder);

}  // namespace histoloom
