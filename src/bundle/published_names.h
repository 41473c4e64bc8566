// The names that files give to the parameters of diffusers' networks.
//
// Our parameters have the names of diffusers today. Files may also have those of diffusers before
// 0.15, whose autoencoders' attention is query, key, value and proj_attn; or those of the CompVis
// checkpoints that diffusers converts, whose blocks are numbered otherwise (an autoencoder's
// decoder.up.3 is decoder.up_blocks.0; a U-Net's input_blocks count through all levels). Any of
// them may stand behind a prefix ("first_stage_model.", "model.diffusion_model.").
#pragma once

#include <map>
#include <string>
#include <vector>

#include "histoloom/networks/denoiser.h"

namespace histoloom {

// What a file with tensors of the names `file` calls `parameters`: names that differ, for
// load_parameters(). The spelling and the prefix under which most parameters are found are taken
// for all, so that a parameter that is missing is missed under the file's own name for it.
std::map<std::string, std::string> published_names(const NamedTensors& parameters,
                                                   const std::vector<std::string>& file);

}  // namespace histoloom
