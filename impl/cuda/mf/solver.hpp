// What the two solvers of this back end share: where the model lies, and one call that trains it.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "impl/common/specs.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// Floats from one row of factors to the next: rows start at 16 bytes, and what lies behind `dim` stays zero.
constexpr unsigned mf_stride(int dim) { return (static_cast<unsigned>(dim) + 3) / 4 * 4; }

/// The model, rows by id.
struct MfParameters {
  DeviceBuffer<float> user_factors;  ///< [users, stride]
  DeviceBuffer<float> item_factors;  ///< [items, stride]
  DeviceBuffer<float> user_bias;     ///< [users]; biases belong to logistic_sgd
  DeviceBuffer<float> item_bias;     ///< [items]
  DeviceBuffer<float> global_bias;   ///< [1]
};

class MfSolverEngine {
 public:
  virtual ~MfSolverEngine() = default;
  /// Pairs in range.
  virtual void set_interactions(const DeviceBuffer<Interaction>& positives) = 0;
  /// Epochs first_epoch .. first_epoch + epochs - 1; the loss of each, as MatrixFactorizer::train.
  virtual std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) = 0;
  /// The floats between two rows of factors that it wants; what lies behind `dim` is zero, and stays so.
  virtual unsigned stride() const = 0;
  /// Which of its kernels it runs, for the record.
  virtual std::string name() const = 0;
};

/// Their work goes to `stream`, which must outlive them.
std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec, const Stream& stream);
std::unique_ptr<MfSolverEngine> make_ials(const MfSpec& spec, const Stream& stream);

/// The largest dim that the solvers are compiled for.
inline constexpr int largest_mf_dim = 1024;

}  // namespace frugal::cuda
