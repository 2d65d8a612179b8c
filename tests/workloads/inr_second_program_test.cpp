// What an ensemble of sine networks reaches, by a second program: one that is written here from the papers alone (SIREN,
// arXiv 2006.09661; ENRP, arXiv 2110.04124; Adam, arXiv 1412.6980), in double, with random numbers of its own. The
// stand-in for InrWorkload.ReproducesS1OfThePaperOnItsOwnPicture, whose picture not every machine has.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "datasets/load/signal.hpp"
#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace second_program {
namespace {

constexpr int size = 16, grid = 4, width = 16, steps = 150;
constexpr int layers = 4;  // 2 -> width -> width -> width -> 3
constexpr double omega = 30, learning_rate = 1e-3;

class SineNetwork {
 public:
  explicit SineNetwork(std::mt19937& random) {
    for (int l = 0; l < layers; ++l) {
      const double weight = l == 0 ? 1.0 / in(l) : std::sqrt(6.0 / in(l)) / omega;
      fill(random, in(l)*out(l), weight);
      fill(random, out(l), 1 / std::sqrt(static_cast<double>(in(l)*out(l))));  // ENRP's, of grids above 2
    }
    first_moment_.resize(values_.size());
    second_moment_.resize(values_.size());
  }

  /// One step on all points; the mean squared error before it. x: [points, 2], targets: [points, 3].
  double step(const std::vector<double>& x, const std::vector<double>& targets) {
    gradient_.assign(values_.size(), 0);
    double squares = 0;
    for (std::size_t point = 0; point < x.size() / 2; ++point)
      squares += backward(&x[2 * point], &targets[3 * point], 2.0 / static_cast<double>(targets.size()));
    ++steps_;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      first_moment_[i] = 0.9 * first_moment_[i] + 0.1 * gradient_[i];
      second_moment_[i] = 0.999 * second_moment_[i] + 0.001 * gradient_[i] * gradient_[i];
      const double mean = first_moment_[i] / (1 - std::pow(0.9, steps_));
      const double square = second_moment_[i] / (1 - std::pow(0.999, steps_));
      values_[i] -= learning_rate * mean / (std::sqrt(square) + 1e-8);
    }
    return squares / static_cast<double>(targets.size());
  }

 private:
  static int in(int layer) { return layer == 0 ? 2 : width; }
  static int out(int layer) { return layer == layers - 1 ? 3 : width; }
  static std::size_t begin(int layer) {
    std::size_t sum = 0;
    for (int l = 0; l < layer; ++l) sum += static_cast<std::size_t>((in(l) + 1) * out(l));
    return sum;
  }

  void fill(std::mt19937& random, int count, double bound) {
    std::uniform_real_distribution<double> uniform(-bound, bound);
    for (int i = 0; i < count; ++i) values_.push_back(uniform(random));
  }

  /// Adds a point's share of the gradient; its squared error.
  double backward(const double* x, const double* target, double scale) {
    double h[layers + 1][width] = {{x[0], x[1]}}, slope[layers][width] = {};
    for (int l = 0; l < layers; ++l) {
      const double* const w = &values_[begin(l)];
      const double* const bias = w + in(l)*out(l);
      for (int o = 0; o < out(l); ++o) {
        double z = bias[o];
        for (int i = 0; i < in(l); ++i) z += w[o * in(l) + i] * h[l][i];
        const bool linear = l == layers - 1;
        h[l + 1][o] = linear ? z : std::sin(omega * z);
        slope[l][o] = linear ? 1 : omega * std::cos(omega * z);
      }
    }
    double squares = 0;
    double above[width] = {};
    for (int o = 0; o < 3; ++o) {
      const double error = h[layers][o] - target[o];
      squares += error * error;
      above[o] = scale * error;
    }
    for (int l = layers - 1; l >= 0; --l) {
      const double* const w = &values_[begin(l)];
      double* const grad_w = &gradient_[begin(l)];
      double* const grad_bias = grad_w + in(l)*out(l);
      double below[width] = {};
      for (int o = 0; o < out(l); ++o) {
        const double delta = above[o] * slope[l][o];
        grad_bias[o] += delta;
        for (int i = 0; i < in(l); ++i) {
          grad_w[o * in(l) + i] += delta * h[l][i];
          below[i] += delta * w[o * in(l) + i];
        }
      }
      std::copy(below, below + width, above);
    }
    return squares;
  }

  std::vector<double> values_, gradient_, first_moment_, second_moment_;
  int steps_ = 0;
};

/// In dB, peak 1, of all tiles' losses before the last step.
double quality_of(const data::Signal& picture, unsigned seed) {
  constexpr int side = size / grid;
  std::mt19937 random(seed);
  double sum = 0;
  for (int tile = 0; tile < grid * grid; ++tile) {
    std::vector<double> x, targets;
    for (int point = 0; point < side * side; ++point) {
      const int row = point / side, column = point % side;
      x.push_back(-1 + 2.0 * row / (side - 1));
      x.push_back(-1 + 2.0 * column / (side - 1));
      const int at = (tile / grid * side + row) * size + tile % grid * side + column;
      for (int c = 0; c < 3; ++c) targets.push_back(picture.values[static_cast<std::size_t>(3 * at + c)]);
    }
    SineNetwork network(random);
    double loss = 0;
    for (int step = 0; step < steps; ++step) loss = network.step(x, targets);
    sum += loss;
  }
  return -10 * std::log10(sum / (grid * grid));
}

TEST(InrSecondProgram, ReachesTheSameQuality) {
  double ours = 0, theirs = 0;
  constexpr int seeds = 3;
  for (int seed = 1; seed <= seeds; ++seed) {
    const std::string plan = fmt::format(
        "schema: 1\nname: test\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nseeds: [{}]\n"
        "params: {{inr: {{size: {}, grid: {}, hidden_layers: 2, width: {}, steps: {}, learning_rate: {}}}}}\n",
        seed, size, grid, width, steps, learning_rate);
    ours += run_cell(plan).metrics.at("psnr[enrp]") / seeds;
    const harness::Cell cell = first_cell(plan);
    theirs +=
        quality_of(data::load_signal(cell.dataset, {.size = size}, {}, cell.seed), static_cast<unsigned>(seed)) / seeds;
  }
  RecordProperty("ours", std::to_string(ours));
  RecordProperty("theirs", std::to_string(theirs));
  EXPECT_NEAR(ours, theirs, 1);
  EXPECT_GT(ours, 20);
}

}  // namespace
}  // namespace second_program
}  // namespace frugal::workloads
