// libvips as every room uses it: started once for the process, silent and without a memory of
// files. So a file that was replaced is read anew.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

typedef struct _VipsImage VipsImage;  // a declaration of <vips/vips.h>

namespace histoloom {

// Gives one reference back.
struct VipsUnref {
  void operator()(void* object) const;
};
template <class Object>
using VipsPtr = std::unique_ptr<Object, VipsUnref>;

// Starts libvips, the first time, and keeps the words of its libraries off stderr. Before any other
// call of libvips. \error InternalError.
void start_vips();

// The first line of what libvips has to say of its last failure, which it then forgets; "no reason
// given" if libvips says nothing.
std::string vips_says();

// An image to be decoded once, from the top down; damage is an error there, not a grey patch. Null
// if libvips can't open the file: vips_says() says why. A TIFF shows what its pixels are, whatever
// its tags say, and white in place of missing tiles.
VipsPtr<VipsImage> open_vips_image(const std::filesystem::path& path);
// An image from encoded bytes, which it keeps; else as open_vips_image().
VipsPtr<VipsImage> open_vips_buffer(std::string bytes);

}  // namespace histoloom
