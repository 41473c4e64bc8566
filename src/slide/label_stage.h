// The labels of a slide: where they come from and the files that they are written to.
#pragma once

#include <memory>
#include <string>

#include "histoloom/core/progress.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/labels/label_set.h"
#include "histoloom/model/bundle.h"
#include "histoloom/model/denoiser.h"
#include "histoloom/pyramid/options.h"
#include "histoloom/slide/options.h"
#include "replaceable.h"

namespace histoloom {

// The label set of a bundle. \error UserError that names its model.json.
LabelSet read_label_set(const ModelBundle& bundle);

// The labels of the slide, a cell for each of the bundle's: from the mask, the file of a layout or
// a seeded layout; tidied, but for what the user drew, and without unknown tissue unless it is to
// be kept; computed once and packed. \error UserError of a mask that can't be used.
std::unique_ptr<LabelField> make_labels(const SceneOptions& options, const ModelBundle& bundle,
                                        const LabelSet& labels);

// Where tissue lies, of unknown class: what a mask denoiser paints. From the file of a layout or a
// seeded layout, packed.
std::unique_ptr<LabelField> make_open_layout(const SceneOptions& options, const ModelBundle& bundle,
                                             const LabelSet& labels);

// Painted labels without their specks, packed.
std::unique_ptr<LabelField> finished_labels(std::unique_ptr<LabelField> painted);

// \error UserError that names the option, unless what is asked for can be written.
void check_label_outputs(const SceneOptions& options, const ModelBundle& bundle,
                         const Replaceable& replace);

// Writes the label pyramid and the annotations that were asked for.
void write_labels(const SceneOptions& options, const ModelBundle& bundle, const LabelSet& labels,
                  const LabelField& field, Progress& progress);

// What the networks compute in: --dtype, or the fastest; and its name as options write it.
DType dtype_of(const SceneOptions& options);
std::string name_of(DType dtype);

// How many threads work: --threads, or one a core.
int threads_of(const SceneOptions& options);

}  // namespace histoloom
