// A new slide: labels, then latents on disk, then rows of pixels into the pyramid.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "histoloom/core/progress.h"
#include "networks.h"
#include "slide_setup.h"
#include "work.h"

namespace histoloom {

class SlideRecipe {
 public:
  // Sets up, and writes nothing. Lifetimes and errors as SlideSetup().
  SlideRecipe(const GenerateSpec& spec, const ModelBundle& bundle, const Replaceable& replace)
      : setup_(spec, bundle, replace) {}

  // How many coarser stages there are, and the bundle of the stage that is written.
  std::size_t coarser_stages() const { return setup_.coarser.stages().size(); }
  const ModelBundle& image() const { return setup_.image_bundle; }
  // The networks that run() needs.
  Networks::Needs needs() const { return {.image = true, .labels = setup_.labels.paints()}; }
  // What decides the pixels; reads all files of the model, once.
  const nlohmann::ordered_json& job();

  // Makes the slide and everything that was asked for beside it; once. OUT gets its name last:
  // whatever happens before, a resume has a checkpoint to go on from.
  void run(NetworkSource& networks, WorkDirectory& work, const OpenWriter& open_writer,
           Progress& progress);
  // \error UserError if a crop is to be looked at, and the work directory is at another step.
  void check_probe(const WorkDirectory& work) const;
  // What the chosen crop of the unfinished job is like, one fact a line; writes nothing.
  std::string probe(NetworkSource& networks, const WorkDirectory& work, Progress& progress);
  // What run() will do, one fact a line. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const { return setup_.describe(networks); }

 private:
  struct Run;
  SlideSetup setup_;
  nlohmann::ordered_json job_;
};

}  // namespace histoloom
