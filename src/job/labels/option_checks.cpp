#include "option_checks.h"

#include <fmt/format.h>

#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/job/option_values.h"
#include "mask_labels.h"

namespace histoloom {

void require_option(bool holds, std::string message) {
  if (!holds) throw UserError(std::move(message));
}

void require_ending(const std::filesystem::path& path, std::string_view ending,
                    const char* option) {
  if (!path.empty())
    require_option(ending_of(path) == ending,
                   fmt::format("{} must end in {}, got '{}'", option, ending, path.string()));
}

void require_names_of_their_own(std::initializer_list<std::filesystem::path> paths) {
  for (auto a = paths.begin(); a != paths.end(); ++a)
    for (auto b = a + 1; b != paths.end(); ++b)
      require_option(
          a->empty() || b->empty() || meant_by(*a) != meant_by(*b),
          fmt::format("'{}' is named twice; every file needs a name of its own", a->string()));
}

// A picture that --layout names; empty where it names a kind of layout.
std::filesystem::path layout_file(const LabelArguments& a) {
  return parse_layout_kind(a.layout) ? std::filesystem::path() : std::filesystem::path(a.layout);
}

PixelSize size_of(const LabelArguments& a) {
  if (!a.size.empty()) return parse_size(a.size);
  if (a.mask.empty()) return kDefaultSize;
  const PixelSize size = size_of_slide(a.mask, a.model);
  return with_context(fmt::format("mask {}", a.mask.string()),
                      [&] { return parse_size(fmt::format("{}x{}", size.width, size.height)); });
}

std::optional<MaskSource> mask_of(const LabelArguments& a) {
  if (a.mask.empty()) return std::nullopt;
  return MaskSource{a.mask, a.mask_colors, a.keep_unknown, a.background};
}

}  // namespace histoloom
