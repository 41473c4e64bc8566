// libvips' images and pictures in memory, one from the other.
#pragma once

#include <filesystem>

#include "histoloom/core/picture.h"
#include "histoloom/pictures/vips.h"

namespace histoloom {

// Whether the last of 2 or 4 bands is an alpha channel.
bool has_alpha(VipsImage* image);

// Takes over the result of a call of libvips. \error UserError that names the path, if it failed.
VipsPtr<VipsImage> taken(int code, VipsImage* image, const std::filesystem::path& path);

// Lays an alpha channel on white; an image without one stays as it is. \error UserError, unless the
// image has 8 bits a sample and is grey or RGB.
VipsPtr<VipsImage> on_white(VipsPtr<VipsImage> image, const std::filesystem::path& path);

// Decodes all pixels of an image of 8 bits a sample, once. \error UserError that names the path, if
// they turn out to be damaged.
Picture decoded(VipsImage* image, const std::filesystem::path& path);

// An image of libvips over the samples of `picture`, whose rows have no gaps between them, and
// which outlives it.
VipsPtr<VipsImage> image_over(const PictureView& picture);

}  // namespace histoloom
