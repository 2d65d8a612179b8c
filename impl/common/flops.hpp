// FLOPs, analytic from shapes: one formula for all back ends.
#pragma once
#include "impl/common/specs.hpp"

namespace frugal {

/// Floating-point operations by what they are for. A fused multiply-add counts 2; transcendental functions, comparisons
/// and data movement count nothing.
struct Flops {
  double forward = 0;    ///< the model's values
  double backward = 0;   ///< the gradients
  double optimizer = 0;  ///< the update; of ials everything
  /// All together.
  double total() const { return forward + backward + optimizer; }
  /// n times as many.
  Flops operator*(double n) const { return {forward * n, backward * n, optimizer * n}; }
  /// Of both.
  Flops operator+(const Flops& other) const {
    return {forward + other.forward, backward + other.backward, optimizer + other.optimizer};
  }
  /// Without the other's.
  Flops operator-(const Flops& other) const { return *this + other * -1; }
};

/// Parameters of the whole ensemble: M^2 (2w+w + d (w^2+w) + cw+c), of M x M networks of width w with d hidden layers
/// on pictures of c channels.
std::int64_t parameters(const InrSpec& spec);
/// Factors and biases.
std::int64_t parameters(const MfSpec& spec);
/// Tables, trained or not, and towers; side features are data.
std::int64_t parameters(const TwoTowerSpec& spec);
/// Tables, frozen or not, and dense layers.
std::int64_t parameters(const DlrmSpec& spec);

/// Every sample of the signal once.
double inference_flops(const InrSpec& spec);
/// One user ranks all items: a dot product each, without its bias.
double inference_flops(const MfSpec& spec);
/// One user ranks all items: the user's tower, and a dot product with each item's output, which the items' towers give
/// once for all users.
double inference_flops(const TwoTowerSpec& spec);
/// One example, each of its bags of one id.
double inference_flops(const DlrmSpec& spec);

/// One full-batch training step of the whole ensemble. Forward: 2 (2w + d w^2 + c w) a pixel; backward: the weight
/// gradients (as forward) and the input gradients (without the first layer); Adam: 12 a parameter.
Flops step_flops(const InrSpec& spec);
/// The last layer of every sub-network in closed form, its hidden units once included. With n points, u = width + 1 and m
/// the smaller of them: a Gram matrix m^2 max(n, u), its Cholesky factor m^3/3, two triangular solves 2 m^2 a channel,
/// and the product with the targets or of the weights, 2 n u a channel.
double last_layer_flops(const InrSpec& spec);
/// One step of Levenberg and Marquardt tried by every sub-network. With n points, R = n * channels residuals, P
/// parameters, w units and d hidden layers: forward before and after it; the gradients of every output, 2 d w^2 of each
/// residual; and by J^T J (P <= R) J itself R P, J^T J R P^2, J^T r 2 R P, a Cholesky factor P^3/3 and two triangular
/// solves 2 P^2; or by J J^T, for each layer n^2 in and for all but the last R^2 w, then R^3/3, 2 R^2 and as much as
/// forward for J^T times the solution.
double second_order_flops(const InrSpec& spec);

/// One epoch on `positives` interactions. logistic_sgd: an example costs 2d forward, 4d backward, 4d update.
/// ials, both sides: Gram matrices d^2 (users + items), outer products d^2 a positive and side, Cholesky d^3/3 and
/// solves 2 d^2 a row. Multiply-adds count 2; symmetric halves are not counted twice.
Flops epoch_flops(const MfSpec& spec, std::uint64_t positives);

/// One pass over `positives` interactions: the user tower once, and the item tower (1 + negatives) times a positive
/// (batch_softmax: once). Dots of a positive: 1 + negatives, or the positives of its step. Side features cost no input
/// gradient, frozen embeddings none and no update. Adam: 12 a parameter it touches, once a step of `spec.batch`
/// positives; embedding rows count once per use.
Flops epoch_flops(const TwoTowerSpec& spec, std::uint64_t positives);

/// One example whose bags have `lookups` ids on average, 1 or more. Summing a bag, and its gradient into its rows'
/// sums, cost an addition a value of each id but one. The optimiser is 4 (sgd 2, adam 12) per embedding value used;
/// dense layers are counted by epoch_flops.
Flops example_flops(const DlrmSpec& spec, double lookups = 1);
/// One pass over `examples`: each of them, and the update of every dense parameter once a step of `spec.batch`.
Flops epoch_flops(const DlrmSpec& spec, std::uint64_t examples, double lookups = 1);

/// Steps `begin` to begin + steps of passes over n examples or positives (EpochSchedule): the last one of a pass may be
/// smaller.
Flops steps_flops(const TwoTowerSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps);
Flops steps_flops(const DlrmSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps);

}  // namespace frugal
