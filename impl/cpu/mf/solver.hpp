// What the two solvers of this back end share: the model in the order of the contract, and one call that trains it.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/specs.hpp"

namespace frugal::cpu {

/// The state tensors, rows by id, unpadded.
struct MfParameters {
  std::vector<float> user_factors;  ///< [users, dim]
  std::vector<float> item_factors;  ///< [items, dim]
  std::vector<float> user_bias;     ///< [users]; biases belong to logistic_sgd
  std::vector<float> item_bias;     ///< [items]
  float global_bias = 0;
};

/// Where several ranks solve together, each calls the same functions with the same arguments, but for the positives, which
/// rank 0 alone has; each has all parameters after train().
class MfSolverEngine {
 public:
  virtual ~MfSolverEngine() = default;
  virtual void set_interactions(const PackedPairs& positives) = 0;
  /// Epochs first_epoch .. first_epoch + epochs - 1; the loss of each, as MatrixFactorizer::train.
  virtual std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) = 0;
};

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec, Communicator& ranks);
std::unique_ptr<MfSolverEngine> make_ials(const MfSpec& spec, Communicator& ranks);

}  // namespace frugal::cpu
