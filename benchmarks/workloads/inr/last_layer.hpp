// The last layer of sine networks in closed form: it is linear, so its best weights need no training.
#pragma once
#include <cstdint>
#include <span>

#include "impl/api/backend.hpp"

namespace frugal::workloads {

/// Replaces the last layer of every sub-network by the ridge regression of its samples on its hidden units H as they
/// stand, [points, width] and a column of ones: min |H W - Y|^2 + r |W|^2 in double, where r is 1e-6 of the mean squared
/// length of a column of H. The step count and Adam's moments stay; sub-networks that stopped one by one
/// (InrSpec::patience) could go on. coordinates [points, inputs], targets [networks, points, channels]. Returns the mean
/// squared error over all networks, points and channels that the new weights leave, as they were rounded to fp32.
/// Whatever the back end, its own kernels give H: those of an ensemble whose last layer is the identity, of as many
/// networks at a time as have `most_units` values of H (one at least); no result depends on it.
double solve_last_layer(InrEnsemble& model, const Backend& backend, const InrSpec& spec,
                        std::span<const float> coordinates, std::span<const float> targets,
                        std::int64_t most_units = std::int64_t{1} << 26);

}  // namespace frugal::workloads
