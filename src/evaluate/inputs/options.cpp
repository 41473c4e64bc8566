#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/evaluate.h"
#include "seam_rows.h"

namespace histoloom::evaluate {

namespace {

void require(bool holds, const char* option, const char* wanted, std::int64_t got) {
  if (!holds) throw UserError(fmt::format("{} must be {}, got {}", option, wanted, got));
}

void validate_classes(const EvaluateOptions& o) {
  if (o.classes.empty()) return;
  if (o.classes.size() != 2 || o.classes[0] == o.classes[1])
    throw UserError(
        fmt::format("--classes must be two names of labels, such as carcinoma,stroma; got {}",
                    fmt::join(o.classes, ",")));
  if (o.model.empty())
    throw UserError("--classes needs --model: the bundle's label set says which ids they have");
}

}  // namespace

void validate_seams(const EvaluateOptions& o, std::int64_t latent_factor) {
  for (const SeamPeriod& seam : o.seams) {
    if (seam.period <= 2 * latent_factor || seam.period > 1024)
      throw UserError(
          fmt::format("--seams: a period must be above two latent cells ({} px) and at "
                      "most 1024 px, got {}",
                      2 * latent_factor, seam.period));
    if (seam.phase >= seam.period)
      throw UserError(fmt::format("--seams: a phase must be below its period {}, got {}",
                                  seam.period, seam.phase));
  }
}

SeamPeriod parse_seam_period(const std::string& text) {
  SeamPeriod out;
  const char* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, out.period);
  if (parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '+')
    parsed = std::from_chars(parsed.ptr + 1, end, out.phase);
  if (parsed.ec != std::errc() || parsed.ptr != end || out.period < 1 || out.phase < 0)
    throw UserError(fmt::format(
        "--seams must be a period in pixels, or period+phase such as 192+64; got '{}'", text));
  return out;
}

void validate(const EvaluateOptions& o) {
  if (o.real.empty()) throw UserError("--real is needed: folders, images or slides of real tissue");
  if (o.synthetic.empty()) throw UserError("--synthetic is needed: what is to be judged");
  const bool power_of_two = o.patch > 0 && (o.patch & (o.patch - 1)) == 0;
  require(power_of_two && o.patch >= 32 && o.patch <= 1024, "--patch",
          "a power of two from 32 to 1024", o.patch);
  require(o.patches >= 2 && o.patches <= 100'000, "--patches", "from 2 to 100000", o.patches);
  require(o.training_patches >= 2 && o.training_patches <= 100'000, "--training-patches",
          "from 2 to 100000", o.training_patches);
  require(o.directions >= 1 && o.directions <= 1 << 16, "--directions", "from 1 to 65536",
          o.directions);
  require(o.replicates >= 10 && o.replicates <= 100'000, "--replicates", "from 10 to 100000",
          o.replicates);
  require(o.threads >= 0 && o.threads <= 1024, "--threads", "from 1 to 1024", o.threads);
  const std::int64_t factor = o.latent_factor.value_or(kLatentFactor);
  require(factor >= 1 && factor <= 64, "--latent-factor", "from 1 to 64", factor);
  validate_classes(o);
  // Without a number here the model's counts, once it is open.
  if (o.latent_factor || o.model.empty()) validate_seams(o, factor);
}

}  // namespace histoloom::evaluate
