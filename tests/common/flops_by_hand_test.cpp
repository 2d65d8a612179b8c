// Every formula of flops.hpp against a count by hand, and against scalars that count their own operations.
#include <gtest/gtest.h>

#include <cmath>

#include "impl/common/flops.hpp"

namespace frugal {
namespace {

TEST(FlopsByHand, AnEnsembleStep) {
  // 3 networks of 5 points: 2 -> 4 -> 4 -> 1.
  const InrSpec spec{.networks = 3, .points = 5, .inputs = 2, .channels = 1, .hidden_layers = 1, .width = 4};
  const Flops step = step_flops(spec);
  EXPECT_EQ(parameters(spec), 3 * (3 * 4 + 5 * 4 + 5 * 1));
  EXPECT_EQ(step.forward, 15.0 * 2 * (2 * 4 + 4 * 4 + 4 * 1));
  // Weights everywhere; below them only where a layer is: not the coordinates.
  EXPECT_EQ(step.backward, 15.0 * 2 * ((2 * 4 + 4 * 4 + 4 * 1) + (4 * 4 + 4 * 1)));
  EXPECT_EQ(step.optimizer, 12.0 * 3 * 37);
  EXPECT_EQ(step.total(), step.forward + step.backward + step.optimizer);
  EXPECT_EQ(inference_flops(spec), step.forward);
}

TEST(FlopsByHand, ALastLayerInClosedForm) {
  // 3 networks 2 -> 4 -> 4 -> 2, hidden units once: 2 * 4 + 4 * 4 products a point, two operations each.
  InrSpec spec{.networks = 3, .points = 9, .inputs = 2, .channels = 2, .hidden_layers = 1, .width = 4};
  // 9 points, 5 columns: a Gram matrix of 5 x 5, 9 products an entry, its lower half; its factor; H^T Y; two triangular
  // solves a channel.
  EXPECT_EQ(last_layer_flops(spec), 3 * (9 * 48 + 25 * 9 + 125.0 / 3 + 2 * 9 * 5 * 2 + 2 * 25 * 2));
  // 3 points: a matrix of 3 x 3, 5 products an entry; and H^T times the solution.
  spec.points = 3;
  EXPECT_EQ(last_layer_flops(spec), 3 * (3 * 48 + 9 * 5 + 27.0 / 3 + 2 * 3 * 5 * 2 + 2 * 9 * 2));
}

TEST(FlopsByHand, ASecondOrderStep) {
  InrSpec spec{.networks = 3, .points = 30, .inputs = 2, .channels = 2, .hidden_layers = 1, .width = 4};
  // 2 -> 4 -> 4 -> 2: 42 parameters, 64 a forward pass of a point, twice; 60 residuals, each with a product of 4 x 4
  // backwards; J; J^T J, its lower half; J^T r; a factor; two triangular solves.
  EXPECT_EQ(second_order_flops(spec),
            3 * (2 * 30 * 64 + 60 * 32 + 60 * 42 + 60 * 42 * 42 + 2 * 60 * 42 + 42.0 * 42 * 42 / 3 + 2 * 42 * 42));
  // 6 points: 12 residuals. Lower halves of 6 x 6 of the inputs, 2, 4 and 4 products an entry, of 12 x 12 of the deltas,
  // 4 and 4; a factor of 12 x 12; two triangular solves; and the sums over residuals, once more what forward takes.
  spec.points = 6;
  EXPECT_EQ(second_order_flops(spec),
            3 * (2 * 6 * 64 + 12 * 32 + 36 * (2 + 4 + 4) + 144 * (4 + 4) + 1728.0 / 3 + 2 * 144 + 6 * 64));
}

TEST(FlopsByHand, AnEpochOfIals) {
  const MfSpec spec{.solver = MfSolver::ials, .users = 7, .items = 5, .dim = 6};
  // 12 rows: the lower half of a Gram matrix, d^2 a row; 40 positives on both sides, the lower half again; for each row
  // a Cholesky factorisation, d^3 / 3, and two triangular solves, d^2 each.
  EXPECT_EQ(epoch_flops(spec, 40).total(), 12 * 36 + 2 * 40 * 36 + 12 * (216 / 3 + 2 * 36));
  EXPECT_EQ(epoch_flops(spec, 40).optimizer, epoch_flops(spec, 40).total());
  EXPECT_EQ(parameters(spec), 12 * 6);
}

TEST(FlopsByHand, AnEpochOfLogisticSgd) {
  const MfSpec spec{.solver = MfSolver::logistic_sgd, .users = 7, .items = 5, .dim = 6, .negatives = 3};
  // An example: a dot product; the slope times both rows and added; both rows shrunk and moved.
  const Flops epoch = epoch_flops(spec, 10);
  EXPECT_EQ(epoch.forward, 40 * 2 * 6);
  EXPECT_EQ(epoch.backward, 40 * 4 * 6);
  EXPECT_EQ(epoch.optimizer, 40 * 4 * 6);
  EXPECT_EQ(parameters(spec), 12 * 7 + 1);
}

TEST(FlopsByHand, AnEpochOfATwoTowerNetwork) {
  TwoTowerSpec spec{.users = 9, .items = 8, .embedding_dim = 4, .tower_layers = {6, 3}, .negatives = 2, .batch = 10};
  // 25 positives: 25 rows of users and 75 of items, three steps.
  const double row = 4 * 6 + 6 * 3;
  const double parameters_of_towers = 2 * (5 * 6 + 7 * 3);
  Flops epoch = epoch_flops(spec, 25);
  EXPECT_EQ(epoch.forward, 100 * 2 * row + 75 * 2 * 3);
  EXPECT_EQ(epoch.backward, 100 * 4 * row + 75 * 4 * 3);
  EXPECT_EQ(epoch.optimizer, 12 * (3 * parameters_of_towers + 100 * 4));
  EXPECT_EQ(parameters(spec), 17 * 4 + parameters_of_towers);
  spec.embedding_trainable = false;
  epoch = epoch_flops(spec, 25);
  EXPECT_EQ(epoch.backward, 100 * (4 * row - 2 * 4 * 6) + 75 * 4 * 3);
  EXPECT_EQ(epoch.optimizer, 12 * 3 * parameters_of_towers);
}

TEST(FlopsByHand, AnEpochOfADlrm) {
  DlrmSpec spec{
      .dense_features = 2, .table_rows = {5, 7}, .embedding_dim = 4, .bottom = {4}, .top = {3, 1}, .batch = 2};
  // bottom 2 -> 4; dots of three pairs of 4; top 7 -> 3 -> 1.
  const Flops one = example_flops(spec);
  EXPECT_EQ(one.forward, 2 * 8 + 2 * 3 * 4 + 2 * (21 + 3));
  EXPECT_EQ(one.backward, 2 * 8 + 2 * (2 * 3 * 4) + 4 * (21 + 3));
  EXPECT_EQ(one.optimizer, 4 * 8) << "adagrad of two rows";
  spec.frozen_tables = 1;
  EXPECT_EQ(example_flops(spec).optimizer, 4 * 4);
  spec.frozen_tables = 0;
  const double dense = 12 + 24 + 4;
  for (const auto& [kind, each] :
       {std::pair{OptimizerKind::sgd, 2.0}, std::pair{OptimizerKind::adagrad, 4.0},
        std::pair{OptimizerKind::rowwise_adagrad, 4.0}, std::pair{OptimizerKind::adam, 12.0}}) {
    spec.optimizer = kind;
    EXPECT_EQ(epoch_flops(spec, 5).optimizer, each * (5 * 8 + 3 * dense));
  }
  EXPECT_EQ(epoch_flops(spec, 5).forward, 5 * one.forward);
  spec.interaction = FeatureInteraction::cat;  // top 12 -> 3 -> 1
  EXPECT_EQ(example_flops(spec).forward, 2 * 8 + 2 * (36 + 3));
}

/// A number that counts the operations of numbers like it.
class Counted {
 public:
  Counted(double value = 0) : value_(value) {}
  static inline double count = 0;

  friend Counted operator+(Counted a, Counted b) { return (++count, a.value_ + b.value_); }
  friend Counted operator-(Counted a, Counted b) { return (++count, a.value_ - b.value_); }
  friend Counted operator*(Counted a, Counted b) { return (++count, a.value_ * b.value_); }
  friend Counted operator/(Counted a, Counted b) { return (++count, a.value_ / b.value_); }
  friend Counted root(Counted a) { return (++count, std::sqrt(a.value_)); }
  friend void operator+=(Counted& a, Counted b) { a = a + b; }
  friend void operator-=(Counted& a, Counted b) { a = a - b; }

 private:
  double value_;
};

/// Operations of `work`.
template <class Work>
double counted(const Work& work) {
  Counted::count = 0;
  work();
  return Counted::count;
}

using Numbers = std::vector<Counted>;

/// y = W x.
Numbers product(const Numbers& matrix, const Numbers& x, std::size_t out) {
  Numbers y(out);
  for (std::size_t o = 0; o < out; ++o)
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += matrix[o * x.size() + i] * x[i];
  return y;
}

TEST(FlopsCounted, TheProductsOfASmallNetwork) {
  const InrSpec spec{.networks = 1, .points = 3, .inputs = 2, .channels = 1, .hidden_layers = 1, .width = 5};
  std::vector<Numbers> weights;
  for (int l = 0; l < spec.layers(); ++l)
    weights.emplace_back(static_cast<std::size_t>(spec.layer_in(l) * spec.layer_out(l)), Counted(0.1));
  double forward = 0;
  double backward = 0;
  for (int point = 0; point < spec.points; ++point) {
    std::vector<Numbers> values{Numbers(2, Counted(0.5))};
    forward += counted([&] {
      for (int l = 0; l < spec.layers(); ++l)
        values.push_back(product(weights[l], values.back(), static_cast<std::size_t>(spec.layer_out(l))));
    });
    Numbers slope(1, Counted(1));
    backward += counted([&] {
      for (int l = spec.layers() - 1; l >= 0; --l) {
        Numbers gradient(weights[l].size());
        Numbers below(values[l].size());
        for (std::size_t o = 0; o < slope.size(); ++o)
          for (std::size_t i = 0; i < below.size(); ++i) {
            gradient[o * below.size() + i] += slope[o] * values[l][i];
            if (l > 0) below[i] += slope[o] * weights[l][o * below.size() + i];
          }
        slope = below;
      }
    });
  }
  EXPECT_EQ(step_flops(spec).forward, forward);
  EXPECT_EQ(step_flops(spec).backward, backward);
}

TEST(FlopsCounted, AdamOfOneParameter) {
  Counted w(1), m(0.1), v(0.2);
  const double operations = counted([&] {  // as adam.hpp has it
    const Counted g(0.3), one_minus_beta1(0.1), one_minus_beta2(0.001), inverse_second(1.2), rate(0.1), epsilon(1e-8);
    m += one_minus_beta1 * (g - m);
    v += one_minus_beta2 * (g * g - v);
    w -= rate * m / (root(v * inverse_second) + epsilon);
  });
  const double charged =
      step_flops({.points = 0, .inputs = 1, .channels = 1, .hidden_layers = 0, .width = 1}).optimizer / 4;
  EXPECT_EQ(charged, 12);
  EXPECT_NEAR(operations, charged, 1) << "a root and a division count as one";
}

TEST(FlopsCounted, TheNormalEquationsOfARow) {
  // The larger the row, the less the terms below d^3 and d^2 weigh, which the formula leaves out.
  for (const int d : {48, 96}) {
    const auto n = static_cast<std::size_t>(d);
    Numbers a(n * n, Counted(0));
    for (std::size_t i = 0; i < n; ++i) a[i * n + i] = Counted(d);
    Numbers b(n, Counted(1));
    const double operations = counted([&] {
      for (std::size_t j = 0; j < n; ++j) {  // Cholesky, in place
        for (std::size_t k = 0; k < j; ++k) a[j * n + j] -= a[j * n + k] * a[j * n + k];
        a[j * n + j] = root(a[j * n + j]);
        for (std::size_t i = j + 1; i < n; ++i) {
          for (std::size_t k = 0; k < j; ++k) a[i * n + j] -= a[i * n + k] * a[j * n + k];
          a[i * n + j] = a[i * n + j] / a[j * n + j];
        }
      }
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
        b[i] = b[i] / a[i * n + i];
      }
      for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
        b[i] = b[i] / a[i * n + i];
      }
    });
    // One user and no item, nothing to gather: what is left is the solve and a Gram matrix's d^2.
    const MfSpec spec{.solver = MfSolver::ials, .users = 1, .items = 0, .dim = d};
    EXPECT_NEAR((epoch_flops(spec, 0).total() - d * d) / operations, 1, 3.0 / d);
  }
}

}  // namespace
}  // namespace frugal
