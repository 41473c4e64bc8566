// What the readings of all subcommands' options share.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "histoloom/job/arguments.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/job/mask_spec.h"

namespace histoloom {

// \error UserError with the message unless it holds.
void require_option(bool holds, std::string message);
// \error UserError, naming `option`, for a file that is given and doesn't end in `ending`.
void require_ending(const std::filesystem::path& path, std::string_view ending, const char* option);
// \error UserError if two paths that are given mean one file.
void require_names_of_their_own(std::initializer_list<std::filesystem::path> paths);

// A picture that --layout names; empty if it names a kind of layout.
std::filesystem::path layout_file(const LabelArguments& a);
// The size of a slide that no mask and no user gives.
inline constexpr PixelSize kDefaultSize{4096, 4096};
// The size that is given, else the mask's. \error UserError, as size_of_slide() too.
PixelSize size_of(const LabelArguments& a);
// What mask and generate share; `size`: of a slide that is there already.
MaskJobSpec parse(const LabelArguments& a, std::optional<PixelSize> size);
// The mask, if one is given.
std::optional<MaskSource> mask_of(const LabelArguments& a);

}  // namespace histoloom
