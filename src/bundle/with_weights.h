// The step from a network with fresh weights to one with a bundle's.
#pragma once

#include <memory>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"

namespace histoloom {

// The network with the weights that the bundle states for it, for inference. UserError as
// require_stated_weights() and load_parameters().
template <class Network>
std::unique_ptr<Network> with_weights(std::unique_ptr<Network> network, const ModelBundle& bundle,
                                      const NetworkSpec& spec, DType dtype) {
  require_stated_weights(bundle, spec);
  network->load(spec.weights);
  network->prepare_inference(dtype);
  return network;
}

}  // namespace histoloom
