// The last layer of sine networks in closed form: it is linear, so its best weights need no training.
#pragma once
#include <span>

#include "impl/api/backend.hpp"

namespace frugal::workloads {

/// Replaces the last layer of every sub-network by the ridge regression of its samples on its hidden units H as they
/// stand, [points, width] and a column of ones: min |H W - Y|^2 + r |W|^2 in double, where r is 1e-6 of the mean
/// squared length of a column of H. The step count and Adam's moments stay; where sub-networks
/// stop one by one (InrSpec::patience), all could go on. coordinates [points, inputs], targets [networks, points,
/// channels]. Returns the mean squared error over all networks, points and channels that the new weights leave, as they
/// were rounded to fp32. Whatever the back end, its own kernels give H: those of an ensemble whose last layer is the
/// identity.
double solve_last_layer(InrEnsemble& model, const Backend& backend, const InrSpec& spec,
                        std::span<const float> coordinates, std::span<const float> targets);

}  // namespace frugal::workloads
