// One side of iALS: each row is the solution of its normal equations, given the rows of the other side,
//   (w0 G + sum of v v^T over the history + penalty I) u = sum of v over the history,   G = sum of v v^T over all rows.
#pragma once
#include <memory>

#include "impl/cuda/mf/histories.hpp"

namespace frugal::cuda {

/// What a row adds to the objective.
struct Terms {
  double penalty;    ///< penalty |u|^2
  double explained;  ///< b.u
};

/// Of the users or of the items of a spec; its work goes to one stream.
class RowSolver {
 public:
  virtual ~RowSolver() = default;
  /// Before solve(); `histories` must stay.
  virtual void set_histories(const Histories& histories) = 0;
  /// Launches only. others: [other rows, ials_stride()]; rows: the same of this side; terms: [rows].
  virtual void solve(const float* others, float* rows, Terms* terms) = 0;
};

/// Any dim.
std::unique_ptr<RowSolver> make_general_rows(const MfSpec& spec, bool of_users, const Stream& stream);

/// For tensor_core_features(dim) > 0 on devices with tensor cores.
std::unique_ptr<RowSolver> make_tensor_core_rows(const MfSpec& spec, bool of_users, const Stream& stream);

/// Floats of a row that the kernels for tensor cores pad `dim` to, or 0 when it is above them.
constexpr unsigned tensor_core_features(int dim) {
  for (const unsigned features : {32U, 64U, 128U, 256U})
    if (static_cast<unsigned>(dim) <= features) return features;
  return 0;
}

}  // namespace frugal::cuda
