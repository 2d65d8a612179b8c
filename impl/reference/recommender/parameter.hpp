// A trained array in double precision, its gradient, and the update rules, element by element.
//
//   sgd:      w -= lr g
//   adagrad:  s += g^2;  w -= lr g / (sqrt(s) + eps)                       (Duchi, Hazan, Singer 2011)
//   row-wise: s[row] += mean over the row of g^2, then as adagrad          (one number of state per embedding row)
//   adam:     m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;             (Kingma & Ba 2015, Algorithm 1)
//             w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
//
// Sparse gradients are lazy: a row that no example of the step used keeps its weights and its state, and Adam's t is
// the step of the whole model, not of the row.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "impl/common/specs.hpp"
#include "impl/common/tensor_views.hpp"

namespace frugal::reference {

/// Gradient of the rows that were used, each summed over the examples of a step.
using RowGradients = std::map<std::uint32_t, std::vector<double>>;

class Parameter {
 public:
  /// shape: [rows, columns], or [n].
  Parameter(std::string name, std::vector<std::int64_t> shape, const std::vector<float>& initial);

  std::vector<double> value;
  std::vector<double> gradient;  ///< of dense parameters; add to it, update() clears it

  /// Allocates the state of the rule: without this call the parameter is frozen. `table`: a row-wise rule applies.
  void train_with(const UpdateRule& rule, bool table = false);

  /// Adds the value to the views, or the optimiser's state; only after train_with().
  void add_value(TensorViews<double>& views);
  void add_state(TensorViews<double>& views);

  /// One step with `gradient`. step counts from 1.
  void update(std::uint64_t step);
  /// One step of the given rows only.
  void update_rows(const RowGradients& gradients, std::uint64_t step);

 private:
  void update_element(std::size_t i, double g, std::uint64_t step);
  void update_row_wise(std::size_t row, const std::vector<double>& g);

  std::string name_;
  std::vector<std::int64_t> shape_;
  UpdateRule rule_{};
  bool row_wise_ = false;
  std::vector<double> first_;   // Adam's m, or the sum of squares of adagrad
  std::vector<double> second_;  // Adam's v
};

}  // namespace frugal::reference
