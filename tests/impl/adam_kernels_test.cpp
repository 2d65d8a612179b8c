// Adam in the kernels of both families and both instruction sets, against the formula in double.
#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <vector>

#include "impl/base/sha256.hpp"
#include "impl/common/adam.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/kernels/recommender_kernels.hpp"

namespace frugal {
namespace {

struct AdamKernel {
  const char* name;
  cpu::Isa needs;
  void (*adam)(const UpdateStep& step, const float* g, float* w, float* m, float* v, long n);
};

class AdamKernels : public ::testing::TestWithParam<AdamKernel> {
 protected:
  void SetUp() override {
    if (cpu::isa() < GetParam().needs) GTEST_SKIP() << "this processor lacks " << GetParam().name;
  }
};

// Gradients from far below epsilon to far above it; more values than any register holds, and a tail.
TEST_P(AdamKernels, FollowTheFormulaWhereEpsilonMatters) {
  const Adam settings{.learning_rate = 0.5, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3};
  constexpr std::size_t n = 37;
  std::vector<float> g(n), w(n), m(n), v(n);
  std::vector<double> exact_w(n), exact_m(n), exact_v(n);
  for (std::size_t i = 0; i < n; ++i)
    g[i] = static_cast<float>((i % 2 ? 1 : -1) * std::pow(10.0, -6 + 6 * static_cast<double>(i) / n));
  for (int t = 1; t <= 3; ++t) {
    GetParam().adam(update_step({OptimizerKind::adam, settings}, t), g.data(), w.data(), m.data(), v.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double gradient = double{g[i]};
      exact_m[i] = 0.8 * exact_m[i] + 0.2 * gradient;
      exact_v[i] = 0.95 * exact_v[i] + 0.05 * gradient * gradient;
      const double root = std::sqrt(exact_v[i] / (1 - std::pow(0.95, t)));
      exact_w[i] -= 0.5 * (exact_m[i] / (1 - std::pow(0.8, t))) / (root + 1e-3);
      EXPECT_NEAR(m[i], exact_m[i], 1e-6 * std::abs(exact_m[i])) << i;
      EXPECT_NEAR(v[i], exact_v[i], 1e-6 * exact_v[i]) << i;
      EXPECT_NEAR(w[i], exact_w[i], 1e-6 * std::abs(exact_w[i])) << i;
      g[i] *= 0.75F;
    }
  }
}

// An instruction that estimates a root may have other bits on a processor of another make. AVX-512's has the same on
// those of AMD and Intel.
TEST_P(AdamKernels, OfAvx2HaveTheSameBitsOnEveryProcessor) {
  if (GetParam().needs != cpu::Isa::avx2) GTEST_SKIP() << "not AVX2";
  constexpr std::size_t n = 37;
  std::vector<float> g(n), w(n), m(n), v(n);
  for (std::size_t i = 0; i < n; ++i)
    g[i] = std::ldexp(static_cast<float>((i % 2 ? 1 : -1) * (64 + static_cast<int>(i))), -static_cast<int>(i));
  for (int t = 1; t <= 3; ++t)
    GetParam().adam(update_step({OptimizerKind::adam, {}}, t), g.data(), w.data(), m.data(), v.data(), n);
  EXPECT_EQ(sha256(std::string_view(reinterpret_cast<const char*>(w.data()), n * sizeof(float))).substr(0, 16),
            "0ca43a0a8268332c");
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, AdamKernels,
    ::testing::Values(AdamKernel{"inr_avx2", cpu::Isa::avx2, cpu::avx2::inr_kernels.adam},
                      AdamKernel{"inr_avx512", cpu::Isa::avx512, cpu::avx512::inr_kernels.adam},
                      AdamKernel{"recommender_avx2", cpu::Isa::avx2, cpu::avx2::recommender_kernels.adam},
                      AdamKernel{"recommender_avx512", cpu::Isa::avx512, cpu::avx512::recommender_kernels.adam}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace frugal
