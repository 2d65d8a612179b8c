// The fast ensemble: its sine, its bits at any number of threads, and its agreement with the oracle.
#include <gtest/gtest.h>
#include <omp.h>

#include <limits>
#include <memory>
#include <numbers>
#include <tuple>

#include "impl/cpu/kernels/inr_fused.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "tests/impl/inr_fixture.hpp"
#include "tests/impl/inr_fused_step.hpp"

namespace frugal {
namespace {

using inr_test::fused_step;
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

  /// n points (a multiple of 16) from `first` in steps of `step`, against double precision.
  void expect_accurate(double first, double step, int n) const {
    std::vector<float> u(n), sines(n), cosines(n);
    for (int i = 0; i < n; ++i) u[i] = static_cast<float>(first + step * i);
    GetParam().kernels->sine_cosine_pi(u.data(), sines.data(), cosines.data(), n);
    double of_sine = 0;
    double of_cosine = 0;
    for (int i = 0; i < n; ++i) {
      const double turn = std::remainder(double{u[i]}, 2.0) * std::numbers::pi;  // exact before the product
      of_sine = std::max(of_sine, std::abs(sines[i] - std::sin(turn)));
      of_cosine = std::max(of_cosine, std::abs(cosines[i] - std::cos(turn)));
    }
    EXPECT_LE(of_sine, 1.5e-7);
    EXPECT_LE(of_cosine, 1.5e-7);
  }
};

TEST_P(SineKernel, IsWithinItsStatedErrorInTheUsualRange) { expect_accurate(-30, 60.0 / 1'000'000, 1'000'000); }

TEST_P(SineKernel, IsWithinItsStatedErrorAsFarAsThereAreFractions) {
  expect_accurate(-4194303, 8388606.0 / 1'000'000, 1'000'000);
}

TEST_P(SineKernel, StaysBoundedBeyond) {
  for (const float u : {5e6F, -1.2e7F, 1e20F, -3e38F}) {
    std::vector<float> inputs(16, u), sines(16), cosines(16);
    GetParam().kernels->sine_cosine_pi(inputs.data(), sines.data(), cosines.data(), 16);
    EXPECT_NEAR(std::hypot(sines[3], cosines[3]), 1, 1e-6) << u;
  }
}

TEST_P(SineKernel, GivesNanForWhatHasNoSine) {
  std::vector<float> inputs(16), sines(16), cosines(16);
  inputs[0] = std::numeric_limits<float>::infinity();
  inputs[1] = -inputs[0];
  inputs[2] = std::numeric_limits<float>::quiet_NaN();
  GetParam().kernels->sine_cosine_pi(inputs.data(), sines.data(), cosines.data(), 16);
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

// The program runs one set of kernels on a machine; this runs both. Their panels differ, and Adam's roots start from
// estimates of their own.
TEST(InrFused, BothInstructionSetsTakeTheSameStep) {
  if (cpu::isa() != cpu::Isa::avx512) GTEST_SKIP() << "this processor lacks AVX-512";
  for (const int width : {5, 16, 33, 64, 100, 128, 136})
    for (const auto& [points, tile] : {std::pair{49, 20}, std::pair{9, 16}}) {
      const InrSpec spec{.networks = 1, .points = points, .hidden_layers = 2, .width = width};
      const std::vector<float> a = fused_step(cpu::avx2::inr_fused_kernels, spec, tile);
      const std::vector<float> b = fused_step(cpu::avx512::inr_fused_kernels, spec, tile);
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 2e-6) << width << " " << points << " " << i;
    }
}

/// How a shape is computed.
struct Way {
  const char* name;
  InrImplementation implementation;
  Precision precision;
};

class InrCpuThreads : public ::testing::TestWithParam<std::tuple<InrSpec, Way>> {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cpu")->available(); !available) GTEST_SKIP() << available.reason;
    spec_ = std::get<0>(GetParam());
    spec_.implementation = std::get<1>(GetParam()).implementation;
    spec_.precision = std::get<1>(GetParam()).precision;
    if (const Support supported = find_backend("cpu")->supports(spec_); !supported) GTEST_SKIP() << supported.reason;
  }
  void TearDown() override { omp_set_num_threads(before_); }
  std::unique_ptr<InrEnsemble> made() const { return make("cpu", spec_); }

  InrSpec spec_;
  int before_ = omp_get_max_threads();
};

TEST_P(InrCpuThreads, NumberDoesNotChangeABit) {
  omp_set_num_threads(1);
  const auto alone = made();
  const std::vector<double> losses = alone->train(9);
  const ModelState state = alone->export_state();
  const std::vector<float> picture = inr_test::evaluated(*alone, spec_, 7);
  for (const int threads : {2, 3, 4, 5, 8, 16}) {
    omp_set_num_threads(threads);
    const auto model = made();
    EXPECT_EQ(model->train(9), losses) << threads;
    EXPECT_TRUE(identical(model->export_state(), state)) << threads;
    EXPECT_EQ(inr_test::evaluated(*model, spec_, 7), picture) << threads;
  }
}

TEST_P(InrCpuThreads, MayChangeBetweenTwoCalls) {
  omp_set_num_threads(1);
  const auto alone = made();
  alone->train(4);
  const auto model = made();
  for (const int threads : {3, 1, 5, 2}) {
    omp_set_num_threads(threads);
    model->train(1);
  }
  EXPECT_TRUE(identical(model->export_state(), alone->export_state()));
}

TEST_P(InrCpuThreads, CheckpointContinuesAsIfNeverInterrupted) {
  const auto whole = made();
  whole->train(5);
  const auto first = made();
  first->train(3);
  const auto second = made();
  second->import_state(first->export_state());
  second->train(2);
  EXPECT_TRUE(identical(second->export_state(), whole->export_state()));
}

TEST_P(InrCpuThreads, DoesNotChangeWhereANetworkStops) {
  spec_.patience = 2;
  spec_.adam.learning_rate = 0.3;
  omp_set_num_threads(1);
  const auto alone = made();
  const std::vector<double> losses = alone->train(40);
  EXPECT_LT(alone->network_steps(), spec_.networks * 40);
  omp_set_num_threads(3);
  const auto model = made();
  EXPECT_EQ(model->train(40), losses);
  EXPECT_EQ(model->network_steps(), alone->network_steps());
  EXPECT_TRUE(identical(model->export_state(), alone->export_state()));
}

// Networks enough for all threads; one network in several chunks; chunks of unequal tiles; no square layer; so few
// points that a tile is turned instead of the weights.
INSTANTIATE_TEST_SUITE_P(
    Shapes, InrCpuThreads,
    ::testing::Combine(
        ::testing::Values(
            InrSpec{.networks = 25, .points = 16, .hidden_layers = 1, .width = 33},
            InrSpec{.networks = 1, .points = 4096, .hidden_layers = 2, .width = 16},
            InrSpec{.networks = 2, .points = 2304, .hidden_layers = 1, .width = 65},
            InrSpec{.networks = 1, .points = 2500, .hidden_layers = 0, .width = 9, .activation = Activation::relu},
            InrSpec{.networks = 3, .points = 9, .hidden_layers = 2, .width = 72}),
        ::testing::Values(Way{"onednn", InrImplementation::onednn, Precision::fp32},
                          Way{"onednn_bf16", InrImplementation::onednn, Precision::bf16},
                          Way{"fused", InrImplementation::fused, Precision::fp32},
                          Way{"fused_bf16", InrImplementation::fused, Precision::bf16})),
    [](const auto& test) {
      const InrSpec& spec = std::get<0>(test.param);
      return std::string(std::get<1>(test.param).name) + "_networks" + std::to_string(spec.networks) + "_points" +
             std::to_string(spec.points) + "_width" + std::to_string(spec.width);
    });

// bf16 keeps 8 bits of a mantissa: the loss of the same network differs from fp32's by about 2^-8 of itself, and a run
// in fp32 by mistake would not differ at all.
TEST(InrCpuBf16, IsCloseToFp32AndIsNotFp32) {
  InrSpec spec{.networks = 2, .points = 64, .hidden_layers = 2, .width = 48, .activation = Activation::relu};
  if (const Support available = find_backend("cpu")->available(); !available) GTEST_SKIP() << available.reason;
  const double exact = make("cpu", spec)->train(1).front();
  spec.precision = Precision::bf16;
  const double rounded = make("cpu", spec)->train(1).front();
  EXPECT_NE(rounded, exact);
  EXPECT_NEAR(rounded, exact, 0.01 * exact);
}

TEST(InrCpuBf16, TrainsToAboutTheSameLoss) {
  if (const Support available = find_backend("cpu")->available(); !available) GTEST_SKIP() << available.reason;
  InrSpec spec{.networks = 2, .points = 64, .channels = 1, .hidden_layers = 1, .width = 32};
  spec.adam.learning_rate = 1e-3;
  const auto loss_of = [&](Precision precision) {
    spec.precision = precision;
    return make("cpu", spec)->train(60).back();
  };
  const double exact = loss_of(Precision::fp32);
  EXPECT_NEAR(std::log10(loss_of(Precision::bf16)), std::log10(exact), 0.3);
}

TEST(InrCpu, NamesTheImplementationThatRan) {
  InrSpec spec{.networks = 1, .points = 16, .hidden_layers = 1, .width = 16};
  const Backend* cpu = find_backend("cpu");
  if (const Support available = cpu->available(); !available) GTEST_SKIP() << available.reason;
  EXPECT_EQ(cpu->make(spec)->implementation().substr(0, 9), "cpu/fused");
  spec.implementation = InrImplementation::onednn;
  EXPECT_EQ(cpu->make(spec)->implementation().substr(0, 10), "cpu/onednn");
}

}  // namespace
}  // namespace frugal
