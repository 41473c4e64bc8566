#include "section_choice.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"

namespace histoloom {

std::optional<SectionChoice> section_choice(const LabelSpec& spec, const ModelBundle& bundle,
                                            const std::string& prompt) {
  const auto* layout = std::get_if<LayoutSource>(&spec.source);
  if (layout == nullptr) return std::nullopt;
  if (!bundle.section) {
    if (layout->tumour_share || layout->masses)
      throw UserError(
          fmt::format("--tumour-share and --masses need a model that has a 'section', and '{}' has "
                      "none; leave them out",
                      bundle.name));
    return std::nullopt;
  }
  SectionTraits traits = bundle.section->traits_of(prompt);
  if (layout->tumour_share) traits.tumour_share = *layout->tumour_share;
  if (layout->masses) traits.masses = layout->masses;
  return SectionChoice{bundle.section->roles,
                       {traits, bundle.mpp * bundle.latent.downsampling, spec.seed}};
}

nlohmann::ordered_json json_of(const SectionFacts& facts) {
  return {{"tumour_share", facts.tumour_share}, {"masses", facts.masses}};
}

std::string text_of(const SectionFacts& facts) {
  return fmt::format("{} of the tissue in {} mass{}", facts.tumour_share, facts.masses,
                     facts.masses == 1 ? "" : "es");
}

}  // namespace histoloom
