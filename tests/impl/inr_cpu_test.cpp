// The fast ensemble: its sine, its bits at any number of threads, and its agreement with the oracle.
#include <gtest/gtest.h>
#include <omp.h>

#include <limits>

#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/equivalence/equivalence.hpp"
#include "tests/impl/equivalent.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using inr_test::make;

struct KernelSet {
  const char* name;
  cpu::Isa needs;
  const cpu::InrKernels* kernels;
};

class SineKernel : public ::testing::TestWithParam<KernelSet> {
 protected:
  void SetUp() override {
    if (cpu::isa() < GetParam().needs) GTEST_SKIP() << "this processor lacks " << GetParam().name;
  }

  /// n points from `first` in steps of `step`, against double precision.
  void expect_accurate(double first, double step, int n) const {
    std::vector<float> x(n), sines(n), cosines(n);
    for (int i = 0; i < n; ++i) x[i] = static_cast<float>(first + step * i);
    GetParam().kernels->sine_cosine(x.data(), sines.data(), cosines.data(), n);
    double of_sine = 0;
    double of_cosine = 0;
    for (int i = 0; i < n; ++i) {
      of_sine = std::max(of_sine, std::abs(sines[i] - std::sin(double{x[i]})));
      of_cosine = std::max(of_cosine, std::abs(cosines[i] - std::cos(double{x[i]})));
    }
    EXPECT_LE(of_sine, 1.5e-7);
    EXPECT_LE(of_cosine, 1.5e-7);
  }
};

TEST_P(SineKernel, IsWithinItsStatedErrorInTheUsualRange) { expect_accurate(-100, 200.0 / 1'000'003, 1'000'003); }

TEST_P(SineKernel, IsWithinItsStatedErrorAcrossTheEndOfTheReduction) {
  expect_accurate(-33000, 66000.0 / 1'000'003, 1'000'003);
}

TEST_P(SineKernel, IsRightBeyondTheReductionToo) {
  expect_accurate(1e5, 12345.678, 1000);
  expect_accurate(-1e30, 1.1e27, 1000);
}

TEST_P(SineKernel, KeepsTheRelativeErrorNearTheZerosOfSine) {
  for (int q = 1; q <= 300; ++q) {
    const auto x = static_cast<float>(q * 3.14159265358979323846);
    float sine = 0, cosine = 0;
    GetParam().kernels->sine_cosine(&x, &sine, &cosine, 1);
    const double expected = std::sin(double{x});
    EXPECT_NEAR(sine, expected, 3e-7 * std::abs(expected)) << q;
  }
}

TEST_P(SineKernel, GivesNanForWhatHasNoSine) {
  const float inputs[] = {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN(), 0.F};
  float sines[4], cosines[4];
  GetParam().kernels->sine_cosine(inputs, sines, cosines, 4);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(std::isnan(sines[i])) << i;
    EXPECT_TRUE(std::isnan(cosines[i])) << i;
  }
  EXPECT_EQ(sines[3], 0);
  EXPECT_EQ(cosines[3], 1);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, SineKernel,
                         ::testing::Values(KernelSet{"avx2", cpu::Isa::avx2, &cpu::avx2::inr_kernels},
                                           KernelSet{"avx512", cpu::Isa::avx512, &cpu::avx512::inr_kernels}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(InrCpu, AgreesWithTheReference) {
  const Backend* candidate = find_backend("cpu");
  if (const Support available = candidate->available(); !available) GTEST_SKIP() << available.reason;
  expect_equivalent(check_inr(*find_backend("reference"), *candidate), 100);
}

TEST(InrCpu, EpsilonStandsBesideTheRootAsInTheReference) {
  // Of the size of the gradients, so that dropping or moving it changes the updates by their own size.
  InrSpec spec{.grid = 2, .tile = 6, .hidden_layers = 1, .width = 20};
  spec.adam.learning_rate = 0.01;
  spec.adam.epsilon = 0.1;
  const auto expected = make("reference", spec);
  const auto found = make("cpu", spec);
  expected->train(3);
  found->train(3);
  const ModelState a = expected->export_state();
  const ModelState b = found->export_state();
  std::size_t compared = 0;
  for (const NamedTensor& tensor : a.tensors) {
    const NamedTensor* other = b.find(tensor.name);
    ASSERT_TRUE(other) << tensor.name;
    for (std::size_t i = 0; i < tensor.values.size(); ++i, ++compared)
      ASSERT_NEAR(other->values[i], tensor.values[i], 1e-5) << tensor.name;
  }
  EXPECT_GT(compared, 5000u);
}

class InrCpuThreads : public ::testing::TestWithParam<InrSpec> {
 protected:
  void TearDown() override { omp_set_num_threads(before_); }
  int before_ = omp_get_max_threads();
};

TEST_P(InrCpuThreads, NumberDoesNotChangeABit) {
  omp_set_num_threads(1);
  const auto alone = make("cpu", GetParam());
  const std::vector<double> losses = alone->train(4);
  const ModelState state = alone->export_state();
  const std::vector<float> picture = inr_test::rendered(*alone, GetParam(), 7);
  for (const int threads : {2, 3, 5}) {
    omp_set_num_threads(threads);
    const auto model = make("cpu", GetParam());
    EXPECT_EQ(model->train(4), losses) << threads;
    EXPECT_TRUE(identical(model->export_state(), state)) << threads;
    EXPECT_EQ(inr_test::rendered(*model, GetParam(), 7), picture) << threads;
  }
}

TEST_P(InrCpuThreads, MayChangeBetweenTwoCalls) {
  omp_set_num_threads(1);
  const auto alone = make("cpu", GetParam());
  alone->train(4);
  const auto model = make("cpu", GetParam());
  for (const int threads : {3, 1, 5, 2}) {
    omp_set_num_threads(threads);
    model->train(1);
  }
  EXPECT_TRUE(identical(model->export_state(), alone->export_state()));
}

TEST_P(InrCpuThreads, CheckpointContinuesAsIfNeverInterrupted) {
  const auto whole = make("cpu", GetParam());
  whole->train(5);
  const auto first = make("cpu", GetParam());
  first->train(3);
  const auto second = make("cpu", GetParam());
  second->import_state(first->export_state());
  second->train(2);
  EXPECT_TRUE(identical(second->export_state(), whole->export_state()));
}

// Networks enough for all threads; one network in several chunks; more chunks than tiles of equal size; no square
// layer.
INSTANTIATE_TEST_SUITE_P(
    Shapes, InrCpuThreads,
    ::testing::Values(InrSpec{.grid = 5, .tile = 4, .hidden_layers = 1, .width = 33},
                      InrSpec{.grid = 1, .tile = 64, .hidden_layers = 2, .width = 16},
                      InrSpec{.grid = 2, .tile = 39, .hidden_layers = 1, .width = 65},
                      InrSpec{.grid = 1, .tile = 40, .hidden_layers = 0, .width = 9, .activation = Activation::relu}),
    [](const auto& test) {
      return "grid" + std::to_string(test.param.grid) + "_tile" + std::to_string(test.param.tile) + "_width" +
             std::to_string(test.param.width);
    });

}  // namespace
}  // namespace frugal
