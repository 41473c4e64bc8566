// A part of a slide painted anew: encode its surroundings, paint among them, decode, blend, write.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "histoloom/core/progress.h"
#include "inpaint_setup.h"
#include "work.h"

namespace histoloom {

class InpaintRecipe {
 public:
  // Sets up, and writes nothing. Lifetimes and errors as InpaintSetup().
  InpaintRecipe(const GenerateSpec& spec, const ModelBundle& bundle, const Replaceable& replace)
      : setup_(spec, bundle), replace_(replace) {}

  // How many coarser stages are painted, and the bundle of the stage that is written.
  std::size_t coarser_stages() const { return setup_.coarser.stages().size(); }
  const ModelBundle& image() const { return setup_.bundle; }
  // The networks that run() needs.
  Networks::Needs needs() const { return {.image = true}; }

  // What decides the pixels; reads all files of the model, once.
  const nlohmann::ordered_json& job();

  // Writes OUT and its manifest, and the report if it was asked for; once.
  void run(NetworkSource& networks, WorkDirectory& work, Progress& progress);
  // What run() will do, one fact a line. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const { return setup_.describe(networks); }

 private:
  struct Run;
  InpaintSetup setup_;
  Replaceable replace_;
  nlohmann::ordered_json job_;
};

}  // namespace histoloom
