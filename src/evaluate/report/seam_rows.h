// The rows of the report about seams and lattices.
#pragma once

#include "histoloom/evaluate/evaluate.h"

namespace histoloom::evaluate {

// \error UserError for periods and phases that make no sense with so many pixels a latent cell.
void validate_seams(const EvaluateOptions& options, std::int64_t latent_factor);

// By the sizes of the pictures alone: \error UserError, naming the side, where none is large enough
// for a grid, or for a tile of the ceiling.
void check_seam_grids(const EvaluateInputs& inputs, const EvaluateOptions& options);

// For each period of the options: synthetic, beside real pictures cut by the same grid, and real
// patches laid edge to edge. \error UserError where no picture shows tissue; Interrupted.
void add_seams(EvaluationReport& report, const EvaluateInputs& inputs,
               const EvaluateOptions& options, const Progress& progress);

// Synthetic beside real pictures, by the places of latent cells. \error as add_seams().
void add_lattice(EvaluationReport& report, const EvaluateInputs& inputs,
                 const EvaluateOptions& options, const Progress& progress);

}  // namespace histoloom::evaluate
