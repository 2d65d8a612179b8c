// What else than FLOPs a model cannot do without, analytic from shapes, for the bound of a roofline (Williams,
// Waterman, Patterson, CACM 2009): bytes between the device's memory and its caches, and sines.
//
// Bytes are those that the largest cache would not save: an array is read, or written, once a pass over the data.
#pragma once
#include "impl/common/specs.hpp"

namespace frugal {

/// All steps of a training: samples read and the trained weights and moments written, once, however many steps:
/// networks never interact, and the steps of one can all be done while it is in a cache.
double training_bytes(const InrSpec& spec);
/// Sines with their cosines of one step: one an activation of the forward pass, whose backward pass needs no other. 0
/// for activations without.
double step_sines(const InrSpec& spec);

/// One epoch: ids read, factors and biases read and written, once (ials: once a side).
double epoch_bytes(const MfSpec& spec, std::uint64_t positives);

/// One pass: ids and tables read; of trainable tables, rows and moments written too.
double epoch_bytes(const TwoTowerSpec& spec, std::uint64_t positives);

/// One pass over examples whose bags have `lookups` ids on average: examples read; a step reads the rows that it looks
/// up, were they drawn uniformly, each once, and writes what it updates of them and of their optimiser state. Nothing
/// of a table is thought to stay in a cache from one step to the next.
double epoch_bytes(const DlrmSpec& spec, std::uint64_t examples, double lookups = 1);

/// Steps `begin` to begin + steps of passes over n examples or positives (EpochSchedule). Of a two-tower network a part of
/// a pass moves its share of the pass.
double steps_bytes(const TwoTowerSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps);
double steps_bytes(const DlrmSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps);

}  // namespace frugal
