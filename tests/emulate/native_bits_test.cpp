// In a build with FRUGAL_EMULATE_AVX512: that its back end runs the emulated kernels, and that these leave the bits that
// the same sources leave when compiled for AVX-512, on a processor that has it. Excepted is what an order of the compiler's
// own choice or the estimate of a root enters, and there is a bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "impl/base/philox.hpp"
#include "impl/common/adam.hpp"
#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/kernels/inr_bf16.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/kernels/probe_kernels.hpp"
#include "impl/cpu/kernels/ranking_kernels.hpp"
#include "impl/cpu/kernels/recommender_kernels.hpp"
#include "tests/impl/inr_fused_step.hpp"

namespace frugal::cpu {

namespace avx512_native {
extern const InrKernels inr_kernels;
extern const InrFusedKernels inr_fused_kernels;
extern const MfKernels mf_kernels;
extern const ProbeKernels probe_kernels;
extern const RankingKernels ranking_kernels;
extern const RecommenderKernels recommender_kernels;
}  // namespace avx512_native

namespace avx512_bf16_native {
extern const InrBf16Kernels inr_bf16_kernels;
extern const Bf16ProbeKernels bf16_probe_kernels;
}  // namespace avx512_bf16_native

namespace amx_bf16_native {
extern const InrBf16Kernels inr_bf16_kernels;
extern const Bf16ProbeKernels bf16_probe_kernels;
}  // namespace amx_bf16_native

}  // namespace frugal::cpu

namespace frugal::emulate_test {
namespace {

using inr_test::fused_step;
using inr_test::FusedResult;
using inr_test::FusedStep;
using Bits = std::vector<std::uint32_t>;
using Floats = std::vector<float>;

constexpr float eps = std::numeric_limits<float>::epsilon();

/// Of all values, one array after the other: a NaN is equal to itself, and 0 is not -0.
Bits bits_of(std::initializer_list<Floats> arrays) {
  Bits bits;
  for (const Floats& array : arrays)
    for (const float value : array) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

Floats uniforms(long n, std::uint32_t stream, float radius = 1) {
  const Philox random(1, Purpose::test);
  Floats values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = radius * (2 * random.uniform(i, stream) - 1);
  return values;
}

TEST(EmulatedBuild, RunsTheKernelsOfAvx512) {
  EXPECT_EQ(cpu::isa(), cpu::Isa::avx512);
  EXPECT_TRUE(cpu::has_bf16());
  EXPECT_EQ(&cpu::mf_kernels(), &cpu::avx512::mf_kernels);
  EXPECT_NE(cpu::avx512::mf_kernels.sgd, cpu::avx512_native::mf_kernels.sgd);
}

class EmulatedKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")))
      GTEST_SKIP() << "this processor has no AVX-512 to compare with";
  }

  /// What two steps of Adam leave of the same parameters: each step has an error below 4 eps of itself, and a sum is
  /// rounded.
  static void expect_same_step(const Floats& a, const Floats& b, double step) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], double{eps} * (std::abs(a[i]) + 8 * step)) << i;
  }
};

class EmulatedBf16Kernels : public EmulatedKernels {
 protected:
  void SetUp() override {
    EmulatedKernels::SetUp();
    if (!IsSkipped() && !__builtin_cpu_supports("avx512bf16"))
      GTEST_SKIP() << "this processor has no AVX-512 BF16 to compare with";
  }

  static void expect_same_bf16_step(const cpu::InrBf16Kernels& emulated, const cpu::InrBf16Kernels& native);
};

class EmulatedTiles : public EmulatedBf16Kernels {
 protected:
  void SetUp() override {
    EmulatedBf16Kernels::SetUp();
    if (!IsSkipped() && !cpu::may_use_tiles()) GTEST_SKIP() << "this processor has no AMX to compare with";
  }
};

constexpr Activation activations[] = {Activation::sine, Activation::relu, Activation::gauss, Activation::wire,
                                      Activation::finer};

// Widths that fill registers and panels and that do not; tiles of odd and even numbers of points; few points, whose tile is
// turned.
template <class Check>
void for_each_network(const Check& check) {
  for (const Activation activation : activations)
    for (const int width : {5, 33, 64, 136})
      for (const auto& [points, tile] : {std::pair{49, 20}, std::pair{9, 16}}) {
        SCOPED_TRACE(testing::Message() << "activation " << static_cast<int>(activation) << ", width " << width << ", "
                                        << points << " points");
        check(InrSpec{.networks = 1,
                      .points = points,
                      .hidden_layers = 2,
                      .width = width,
                      .activation = activation,
                      .scale = 2},
              tile);
      }
}

TEST_F(EmulatedKernels, LeaveTheGradientOfAFusedStepAndItsUpdate) {
  for_each_network([](const InrSpec& spec, long tile) {
    const auto& emulated = cpu::avx512::inr_fused_kernels;
    const auto& native = cpu::avx512_native::inr_fused_kernels;
    EXPECT_EQ(bits_of({fused_step(emulated, spec, tile, FusedResult::gradient)}),
              bits_of({fused_step(native, spec, tile, FusedResult::gradient)}));
    expect_same_step(fused_step(emulated, spec, tile), fused_step(native, spec, tile), FusedStep::rate);
  });
}

Floats bf16_step(const cpu::InrBf16Kernels& kernels, const InrSpec& spec, long tile, FusedResult result) {
  FusedStep step(spec, tile, cpu::avx512::inr_fused_kernels.panel_columns);
  const auto worker = cpu::make_bf16_worker(kernels, spec, step.layout(), tile);
  return step.run(
      result, [&](const float* parameters) { worker->begin_step(parameters); },
      [&](float* parameters, const float* x, const float* target, long points, bool fresh, float* gradient,
          const cpu::InrUpdate* update) {
        worker->train_tile(parameters, x, target, points, 1.F, fresh, gradient, update);
      });
}

void EmulatedBf16Kernels::expect_same_bf16_step(const cpu::InrBf16Kernels& emulated,
                                                const cpu::InrBf16Kernels& native) {
  for_each_network([&](const InrSpec& spec, long tile) {
    EXPECT_EQ(bits_of({bf16_step(emulated, spec, tile, FusedResult::gradient)}),
              bits_of({bf16_step(native, spec, tile, FusedResult::gradient)}));
    expect_same_step(bf16_step(emulated, spec, tile, FusedResult::parameters),
                     bf16_step(native, spec, tile, FusedResult::parameters), FusedStep::rate);
  });
}

TEST_F(EmulatedBf16Kernels, LeaveTheGradientOfAFusedStepAndItsUpdate) {
  expect_same_bf16_step(cpu::avx512_bf16::inr_bf16_kernels, cpu::avx512_bf16_native::inr_bf16_kernels);
}

TEST_F(EmulatedTiles, LeaveTheGradientOfAFusedStepAndItsUpdate) {
  expect_same_bf16_step(cpu::amx_bf16::inr_bf16_kernels, cpu::amx_bf16_native::inr_bf16_kernels);
}

TEST_F(EmulatedKernels, LeaveTheBitsOfASineFarOut) {
  Floats u = uniforms(64, 0, 3);
  for (const float far : {4194303.5F, -4194302.75F, 1e20F, -3e38F}) u.push_back(far);
  u.resize(80);
  const auto n = static_cast<long>(u.size());
  const auto of = [&](const cpu::InrKernels& kernels) {
    Floats sines(u.size()), cosines(u.size());
    kernels.sine_cosine_pi(u.data(), sines.data(), cosines.data(), n);
    return bits_of({sines, cosines});
  };
  EXPECT_EQ(of(cpu::avx512::inr_kernels), of(cpu::avx512_native::inr_kernels));
}

// The parts that the fused step does not call: those of networks whose products are oneDNN's.
TEST_F(EmulatedKernels, LeaveTheBitsOfTheLayersAroundAProduct) {
  constexpr long rows = 7, inputs = 3, channels = 4;
  const cpu::InrColumns columns{.width = 37, .padded = 48, .stride = 64};
  const Floats x = uniforms(rows * inputs, 1), w = uniforms(inputs * columns.padded, 2), bias = uniforms(48, 3);
  const Floats last = uniforms(channels * columns.padded, 4), target = uniforms(rows * channels, 5);
  for (const Activation activation : activations) {
    const auto of = [&](const cpu::InrKernels& kernels) {
      const cpu::InrFunction f{activation, 30, 2};
      Floats h(rows * 64), slope(h.size()), below(h.size()), y(rows * channels), grad_last(last.size());
      Floats grad_last_bias(channels), grad_bias(48), grad_w(w.size());
      std::vector<std::uint16_t> rounded(h.size());
      kernels.first_layer(f, x.data(), inputs, w.data(), bias.data(), rows, columns, h.data(), slope.data());
      kernels.activate(f, h.data(), bias.data(), rows, columns, slope.data());
      kernels.last_layer(h.data(), last.data(), bias.data(), rows, columns, channels, y.data());
      kernels.loss(y.data(), target.data(), 0.25F, rows * channels);
      kernels.last_layer_backward(y.data(), h.data(), last.data(), rows, columns, channels, below.data(),
                                  grad_last.data(), grad_last_bias.data());
      kernels.activation_backward(below.data(), slope.data(), rows, columns, grad_bias.data());
      kernels.first_layer_backward(below.data(), x.data(), inputs, rows, columns, grad_w.data());
      kernels.add(h.data(), below.data(), std::ssize(h));
      kernels.to_bf16(h.data(), rounded.data(), std::ssize(h));
      Bits bits = bits_of({h, slope, below, y, grad_last, grad_last_bias, grad_bias, grad_w});
      bits.insert(bits.end(), rounded.begin(), rounded.end());
      return bits;
    };
    EXPECT_EQ(of(cpu::avx512::inr_kernels), of(cpu::avx512_native::inr_kernels)) << static_cast<int>(activation);
  }
}

TEST_F(EmulatedKernels, LeaveTheMomentsOfAdamAndItsStep) {
  constexpr long n = 53;
  const UpdateStep step = update_step({OptimizerKind::adam, {.learning_rate = 0.5, .epsilon = 1e-6}}, 3);
  const auto check = [&](auto emulated, auto native) {
    const auto of = [&](auto adam) {
      std::array<Floats, 3> state{uniforms(n, 1), uniforms(n, 2), uniforms(n, 3)};
      for (float& square : state[2]) square *= square;
      adam(step, uniforms(n, 0).data(), state[0].data(), state[1].data(), state[2].data(), n);
      return state;
    };
    const std::array<Floats, 3> a = of(emulated), b = of(native);
    EXPECT_EQ(bits_of({a[1], a[2]}), bits_of({b[1], b[2]}));
    for (std::size_t i = 0; i < n; ++i) {
      const double moved = double{step.rate} * std::abs(b[1][i]) / std::sqrt(double{b[2][i]} * step.inverse_second);
      EXPECT_NEAR(a[0][i], b[0][i], double{eps} * (std::abs(b[0][i]) + 8 * moved)) << i;
    }
  };
  check(cpu::avx512::inr_kernels.adam, cpu::avx512_native::inr_kernels.adam);
  check(cpu::avx512::recommender_kernels.adam, cpu::avx512_native::recommender_kernels.adam);
}

TEST_F(EmulatedKernels, LeaveTheBitsOfATurnOfSgd) {
  const Philox random(3, Purpose::test);
  constexpr std::uint32_t rows = 90;
  for (const long stride : {16L, 48L, 80L, 112L}) {
    std::vector<MfExample> examples;
    std::vector<std::array<std::uint32_t, 2>> begins;
    for (std::uint32_t worker = 0; worker < cpu::sgd_workers; ++worker) {
      begins.push_back({static_cast<std::uint32_t>(examples.size()), 0});
      for (std::uint32_t e = 0; e < 3 * worker + 1; ++e) {  // rows of no other worker
        const auto row = [&](std::uint32_t stream) { return random.below(5, examples.size(), stream) * 16 + worker; };
        examples.push_back({row(0), row(1) | (e % 3 == 0 ? MfExample::positive : 0)});
      }
      begins.back()[1] = static_cast<std::uint32_t>(examples.size());
    }
    examples.push_back({});
    cpu::SgdRound round{.examples = examples.data(), .begins = {}, .turns = 1};
    for (std::size_t worker = 0; worker < begins.size(); ++worker) round.begins[worker] = begins[worker].data();
    const auto of = [&](const cpu::MfKernels& kernels) {
      Floats u = uniforms(rows * stride, 0), v = uniforms(rows * stride, 1), bu = uniforms(rows, 2);
      Floats bi = uniforms(rows, 3);
      const double loss = kernels.sgd({u.data(), v.data(), bu.data(), bi.data(), stride, -1.F, 0.1F, 0.05F}, round);
      return std::pair(bits_of({u, v, bu, bi}), loss);
    };
    EXPECT_EQ(of(cpu::avx512::mf_kernels), of(cpu::avx512_native::mf_kernels)) << stride;
  }
}

TEST_F(EmulatedKernels, LeaveTheBitsOfARowOfLeastSquares) {
  for (const long dim : {16L, 48L, 64L, 112L}) {
    constexpr long rows = 40, systems = 3;
    std::vector<std::uint32_t> history(cpu::history_rows + 70);
    for (std::size_t q = 0; q < history.size(); ++q) history[q] = static_cast<std::uint32_t>(q * 7 % rows);
    const auto of = [&](const cpu::MfKernels& kernels) {
      const Floats factors = uniforms(rows * dim, 0);
      Floats matrices(static_cast<std::size_t>(systems * dim * dim)), right = uniforms(systems * dim, 1);
      Floats scratch(static_cast<std::size_t>(cpu::history_rows * dim));
      for (long s = 0; s < systems; ++s) {
        float* const matrix = matrices.data() + s * dim * dim;
        for (long i = 0; i < dim; ++i) matrix[i * dim + i] = 1;
        kernels.gram(factors.data(), rows, dim, matrix);
        kernels.add_history(factors.data(), history.data() + s, std::ssize(history) - s, dim, scratch.data(), matrix,
                            right.data() + s * dim);
      }
      kernels.solve(matrices.data(), dim, right.data(), systems);
      return bits_of({matrices, right});
    };
    EXPECT_EQ(of(cpu::avx512::mf_kernels), of(cpu::avx512_native::mf_kernels)) << dim;
  }
}

TEST_F(EmulatedKernels, DrawTheSameNumbers) {
  std::vector<std::uint64_t> blocks;
  for (std::uint64_t i = 0; i < 24; ++i) blocks.push_back(i * 0x1fffffff7U);
  const auto of = [&](const cpu::MfKernels& kernels) {
    Bits drawn(4 * blocks.size());
    kernels.draw({7, 3, 5}, 0x7fffffffU, blocks.data(), std::ssize(blocks), drawn.data());
    return drawn;
  };
  EXPECT_EQ(of(cpu::avx512::mf_kernels), of(cpu::avx512_native::mf_kernels));
}

TEST_F(EmulatedKernels, CountTheSameRanks) {
  constexpr long dim = 37, panel_count = 3, queries = 13, items = 90;
  const Floats panels = uniforms(panel_count * cpu::item_panel * (dim + 1), 0), users = uniforms(queries * dim, 1);
  const Floats factors = uniforms(items * dim, 2), bias = uniforms(items, 3), thresholds = uniforms(queries, 4, 3);
  const Philox random(2, Purpose::test);
  Bits words(queries * panel_count), candidates(50);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = random.word(i);
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i] = random.below(items, i, 1);
  std::vector<const float*> rows;
  std::vector<const std::uint32_t*> allowed;
  for (long q = 0; q < queries; ++q) {
    rows.push_back(users.data() + q * dim);
    allowed.push_back(words.data() + q * panel_count);
  }
  const auto of = [&](const cpu::RankingKernels& kernels) {
    Bits counts(queries);
    kernels.count_panels(rows.data(), queries, panels.data(), panel_count, dim, thresholds.data(), allowed.data(),
                         counts.data());
    for (const float* row : rows)
      for (std::uint32_t held_out = 0; held_out < 20; ++held_out) {
        counts.push_back(kernels.rank_candidates(row, factors.data(), bias.data(), dim, held_out, candidates.data(),
                                                 std::ssize(candidates)));
        counts.push_back(
            std::bit_cast<std::uint32_t>(kernels.score(row, factors.data() + held_out * dim, bias[held_out], dim)));
      }
    return counts;
  };
  EXPECT_EQ(of(cpu::avx512::ranking_kernels), of(cpu::avx512_native::ranking_kernels));
}

/// What the kernels of a recommender leave where their order of sums is written down.
Bits recommender_bits(const cpu::RecommenderKernels& kernels, long width) {
  constexpr long vectors = 27, rows = 50, batch = 37;
  const Floats table = uniforms(rows * width, 0), x = uniforms(vectors * width, 1), weights = uniforms(60, 2);
  const Floats logits = uniforms(batch, 3, 20), terms = uniforms(batch, 4);
  const Bits index{3, 9, 27, 3, 11, 49, 0, 8, 8, 30}, positions{1, 4, 0};
  Floats labels(batch), weighted(width), summed(width), loss(batch), slope(batch), shares = logits, sums(width);
  Floats scratch(static_cast<std::size_t>(cpu::pair_scratch(vectors, width)));
  Floats dots(vectors * (vectors - 1) / 2), dx(x.size()), delta = uniforms(vectors * width, 5);
  Floats w = table, squares(table.size(), 0.25F), drawn(width);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i % 3 == 0;
  kernels.draw_uniforms({1, 2, 3}, 0.125, 7, width, drawn.data());
  kernels.weighted_sum(table.data(), index.data(), weights.data(), positions.data(), 3, 2, width, weighted.data());
  kernels.sum_rows(table.data(), index.data(), std::ssize(index), width, summed.data());
  kernels.add(summed.data(), weighted.data(), width);
  kernels.cross_entropy(logits.data(), labels.data(), 0.25F, batch, loss.data(), slope.data());
  kernels.exponentials(shares.data(), -3.F, terms.data(), batch);
  kernels.relu_backward(x.data(), delta.data(), vectors, width, width, sums.data());
  kernels.column_sums(x.data(), vectors, width, width, sums.data());
  kernels.pair_dots(x.data(), vectors, width, scratch.data(), dots.data());
  kernels.pair_dots_backward(x.data(), dots.data(), vectors, width, scratch.data(), dx.data());
  kernels.sgd({.rate = 0.1F}, table.data(), w.data(), std::ssize(w));
  kernels.adagrad({.rate = 0.1F, .epsilon = 1e-3F}, table.data(), w.data(), squares.data(), std::ssize(w));
  return bits_of({drawn, weighted, summed, loss, slope, shares, delta, sums, dots, dx, w, squares});
}

TEST_F(EmulatedKernels, LeaveTheBitsOfARecommendersStep) {
  for (const long width : {7L, 16L, 37L, 64L, 130L})
    EXPECT_EQ(recommender_bits(cpu::avx512::recommender_kernels, width),
              recommender_bits(cpu::avx512_native::recommender_kernels, width))
        << width;
}

// Here the compiler deals the terms of a sum out to the lanes of a register, of which the two have unequally many.
TEST_F(EmulatedKernels, AddInAnotherOrderWithinTheRoundingOfTheSum) {
  constexpr long n = 133;
  const Floats x = uniforms(n, 0), z = uniforms(n, 1, 5), terms = uniforms(n, 2);
  const auto of = [&](const cpu::RecommenderKernels& kernels) {
    const std::uint32_t index = 0;
    float dot = 0, largest = -1e30F, sum = 0, square = 0;
    Floats w(n);
    kernels.gather_dots(x.data(), z.data(), &index, 1, n, &dot);
    kernels.add_exponentials(z.data(), terms.data(), n, &largest, &sum);
    kernels.rowwise_adagrad({.rate = 0.1F, .epsilon = 1e-3F}, x.data(), w.data(), &square, n);
    return std::array{dot, largest, sum, square, w[3]};
  };
  const auto a = of(cpu::avx512::recommender_kernels), b = of(cpu::avx512_native::recommender_kernels);
  float absolute = 0;
  for (std::size_t i = 0; i < n; ++i) absolute += std::abs(x[i] * z[i]);
  EXPECT_NEAR(a[0], b[0], n * eps * absolute);
  EXPECT_EQ(a[1], b[1]);
  for (const std::size_t i : {2, 3, 4}) EXPECT_NEAR(a[i], b[i], n * eps * std::abs(b[i])) << i;
  double squares[2];
  for (const auto* kernels : {&cpu::avx512::inr_kernels, &cpu::avx512_native::inr_kernels}) {
    Floats y = x;
    squares[kernels == &cpu::avx512::inr_kernels] = kernels->loss(y.data(), z.data(), 1.F, n);
  }
  EXPECT_NEAR(squares[0], squares[1], n * std::numeric_limits<double>::epsilon() * squares[0]);
}

TEST_F(EmulatedKernels, ProbesReadAndAddTheSame) {
  const auto of = [](const cpu::ProbeKernels& kernels) {
    Floats data = uniforms(cpu::probe_block, 0);
    kernels.update_one(data.data(), std::ssize(data), 2);
    kernels.update_three(data.data(), std::ssize(data), 2);
    return bits_of({data, {kernels.read(data.data(), std::ssize(data), 3), kernels.multiply_add(9)}});
  };
  EXPECT_EQ(of(cpu::avx512::probe_kernels), of(cpu::avx512_native::probe_kernels));
}

/// A round adds as many products of 1 and 1 as half its FLOP.
float of_nine_rounds(const cpu::Bf16ProbeKernels& probe) {
  return static_cast<float>(9 * probe.multiply_add_flops / 2);
}

TEST_F(EmulatedBf16Kernels, ProbesAddTheSame) {
  const cpu::Bf16ProbeKernels& emulated = cpu::avx512_bf16::bf16_probe_kernels;
  EXPECT_EQ(emulated.multiply_add(9), of_nine_rounds(emulated));
  EXPECT_EQ(cpu::avx512_bf16_native::bf16_probe_kernels.multiply_add(9), of_nine_rounds(emulated));
}

TEST_F(EmulatedTiles, ProbesAddTheSame) {
  const cpu::Bf16ProbeKernels& emulated = cpu::amx_bf16::bf16_probe_kernels;
  EXPECT_EQ(emulated.multiply_add(9), of_nine_rounds(emulated));
  EXPECT_EQ(cpu::amx_bf16_native::bf16_probe_kernels.multiply_add(9), of_nine_rounds(emulated));
}

}  // namespace
}  // namespace frugal::emulate_test
