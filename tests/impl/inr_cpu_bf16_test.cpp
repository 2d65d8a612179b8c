// The fused step with bf16 operands: against the equations with the same roundings, and against oneDNN's products.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "impl/common/bf16.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using inr_test::make;

double rounded(double x) { return from_bf16(to_bf16(static_cast<float>(x))); }

/// A sum, and by how much fp32 may miss it in whatever order it adds.
struct Sum {
  double value = 0;
  double absolute = 0;
  int terms = 0;
  void add(double term) { add({term, std::abs(term), 1}, 1); }
  void add(const Sum& other, double factor) {
    value += factor * other.value;
    absolute += std::abs(factor) * other.absolute;
    terms += other.terms;
  }
  double bound() const { return terms * double{std::numeric_limits<float>::epsilon()} * absolute; }
};

/// A network of one hidden layer of ReLUs whose forward pass has no rounding but that of the operands: small integers
/// in units of powers of two. Then nothing depends on the order of sums up to the gradients of its outputs.
class ExactNetwork {
 public:
  static constexpr float scale = 0x1p-20F;

  ExactNetwork(int width, std::int64_t points) : width_(width), points_(points) {
    for (std::int64_t i = 0; i < 2 * points; ++i) x_.push_back(static_cast<float>(draw(3)));
    for (std::int64_t i = 0; i < points; ++i) target_.push_back(static_cast<float>(draw(4095)));
    for (int i = 0; i < 2 * width; ++i) first_.push_back(draw(97));
    for (int i = 0; i < width; ++i) {
      first_bias_.push_back(draw(60));
      bias_.push_back(draw(5000));
      last_.push_back(draw(1) < 0 ? -1 : 1);
    }
    for (int i = 0; i < width * width; ++i) hidden_.push_back(draw(3) == 0 ? draw(400) : 0);
  }

  InrSpec spec() const {
    return {.networks = 1,
            .points = points_,
            .channels = 1,
            .hidden_layers = 1,
            .width = width_,
            .activation = Activation::relu,
            .precision = Precision::bf16};
  }

  /// Of tensors "layer.0.weight" [out, in] and so on.
  std::map<std::string, std::vector<float>> parameters() const {
    return {{"layer.0.weight", floats(first_)},  {"layer.0.bias", floats(first_bias_)},
            {"layer.1.weight", floats(hidden_)}, {"layer.1.bias", floats(bias_)},
            {"layer.2.weight", floats(last_)},   {"layer.2.bias", {0}}};
  }

  const std::vector<float>& x() const { return x_; }
  const std::vector<float>& target() const { return target_; }

  /// The equations of the reference, with h_0, W_1 and dL/dz_1 rounded where they are multiplied.
  std::map<std::string, std::vector<Sum>> gradient() const {
    std::map<std::string, std::vector<Sum>> sums;
    for (const auto& [name, values] : parameters()) sums[name].resize(values.size());
    const auto n = static_cast<std::size_t>(width_);
    for (std::size_t point = 0; point < x_.size() / 2; ++point) {
      std::vector<double> h0(n), h1(n), d1(n);
      double y = 0;
      for (std::size_t i = 0; i < n; ++i)
        h0[i] = std::max(0.0, first_[2 * i] * x_[2 * point] + first_[2 * i + 1] * x_[2 * point + 1] + first_bias_[i]);
      for (std::size_t o = 0; o < n; ++o) {
        double z = bias_[o];
        for (std::size_t i = 0; i < n; ++i) z += rounded(hidden_[o * n + i]) * rounded(h0[i]);
        h1[o] = std::max(0.0, z);
        y += last_[o] * h1[o];
      }
      const double dy = scale * (y - target_[point]);
      sums["layer.2.bias"][0].add(dy);
      for (std::size_t o = 0; o < n; ++o) {
        sums["layer.2.weight"][o].add(dy * h1[o]);
        d1[o] = h1[o] > 0 ? dy * last_[o] : 0;
        sums["layer.1.bias"][o].add(d1[o]);
      }
      for (std::size_t i = 0; i < n; ++i) {
        Sum d0;
        for (std::size_t o = 0; o < n; ++o) {
          sums["layer.1.weight"][o * n + i].add(rounded(d1[o]) * rounded(h0[i]));
          if (h0[i] > 0) d0.add(rounded(d1[o]) * rounded(hidden_[o * n + i]));
        }
        sums["layer.0.bias"][i].add(d0, 1);
        for (std::size_t k = 0; k < 2; ++k) sums["layer.0.weight"][2 * i + k].add(d0, x_[2 * point + k]);
      }
    }
    return sums;
  }

 private:
  static std::vector<float> floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }
  /// An integer within +-most.
  double draw(int most) { return std::floor(double{random_.uniform(drawn_++)} * (2 * most + 1)) - most; }

  int width_;
  std::int64_t points_;
  Philox random_{5, Purpose::test};
  std::uint64_t drawn_ = 0;
  std::vector<float> x_, target_;
  std::vector<double> first_, first_bias_, hidden_, bias_, last_;
};

class InrBf16Unit : public testing::TestWithParam<const cpu::InrBf16Kernels*> {
 protected:
  void SetUp() override {
    if (!cpu::has_bf16()) GTEST_SKIP() << "this processor has no AVX-512 BF16";
    if (GetParam() == &cpu::amx_bf16::inr_bf16_kernels && cpu::bf16_unit() != cpu::Bf16Unit::amx)
      GTEST_SKIP() << "this processor has no AMX";
  }
};

INSTANTIATE_TEST_SUITE_P(Units, InrBf16Unit,
                         testing::Values(&cpu::avx512_bf16::inr_bf16_kernels, &cpu::amx_bf16::inr_bf16_kernels),
                         [](const auto& unit) { return std::string(unit.param->name); });

// Every width around registers, panels and tiles, tiles of odd and even numbers of points, of which one has fewer: an
// operand at the wrong place, not rounded, or rounded twice is no rounding error of a sum.
TEST_P(InrBf16Unit, GradientIsThatOfRoundedOperandsWithinTheErrorOfItsSums) {
  for (const int width : {1, 5, 16, 33, 64, 100, 128, 136})
    for (const auto& [points, tile] : {std::pair{49, 20}, std::pair{9, 16}, std::pair{38, 19}, std::pair{97, 49}}) {
      SCOPED_TRACE(fmt::format("width {}, {} points by {}", width, points, tile));
      const ExactNetwork network(width, points);
      const InrSpec spec = network.spec();
      const cpu::InrParameters layout(spec, cpu::inr_fused_kernels().panel_columns);
      const auto worker = cpu::make_bf16_worker(*GetParam(), spec, layout, tile);
      cpu::AlignedBuffer<float> parameters = cpu::inr_zeros(layout.count), gradient = cpu::inr_zeros(layout.count);
      const auto each_value = [&](const auto& body) {
        for (const InrTensor& tensor : inr_tensors(spec))
          for (std::int64_t o = 0; o < tensor.out; ++o) {
            const cpu::InrParameters::Inputs inputs = layout.inputs_of(tensor, o);
            for (std::int64_t i = 0; i < tensor.in; ++i)
              body(tensor.name(), static_cast<std::size_t>(o * tensor.in + i), inputs.first + i * inputs.step);
          }
      };
      const auto initial = network.parameters();
      each_value([&](const std::string& name, std::size_t i, std::int64_t at) {
        parameters[static_cast<std::size_t>(at)] = initial.at(name).at(i);
      });
      worker->begin_step(parameters.data());
      for (std::int64_t first = 0; first < points; first += tile)
        worker->train_tile(parameters.data(), network.x().data() + 2 * first, network.target().data() + first,
                           std::min<std::int64_t>(tile, points - first), ExactNetwork::scale, first == 0,
                           gradient.data(), nullptr);
      const auto expected = network.gradient();
      each_value([&](const std::string& name, std::size_t i, std::int64_t at) {
        const Sum& sum = expected.at(name).at(i);
        EXPECT_NEAR(gradient[static_cast<std::size_t>(at)], sum.value, sum.bound()) << name << " " << i;
      });
    }
}

// Sums of another order round differently now and then; where they are operands again, that may be to the next number
// of bf16, which no bound of fp32 covers: one unit of bf16 here, against 1 for a wrong operand.
TEST(InrFusedBf16, FollowsOnednnThroughSeveralLayersOfEveryActivation) {
  if (!cpu::has_bf16()) GTEST_SKIP() << "this processor has no AVX-512 BF16";
  for (const auto& [activation, word] : activation_names)
    for (const int width : {33, 136})
      for (const int points : {9, 196}) {
        SCOPED_TRACE(fmt::format("{}, width {}, {} points", word, width, points));
        InrSpec spec{.networks = 2,
                     .points = points,
                     .hidden_layers = 3,
                     .width = width,
                     .activation = activation,
                     .precision = Precision::bf16};
        if (activation == Activation::wire || activation == Activation::finer) spec.first_omega0 = spec.omega0 = 5;
        const auto moments = [&](InrImplementation implementation) {
          spec.implementation = implementation;
          const auto model = make("cpu", spec);
          model->train(1);
          std::vector<float> all;
          for (const NamedTensor& tensor : model->export_state().tensors)
            if (tensor.name.starts_with("adam.m/")) all.insert(all.end(), tensor.values.begin(), tensor.values.end());
          return all;
        };
        const std::vector<float> fused = moments(InrImplementation::fused);
        const std::vector<float> products = moments(InrImplementation::onednn);
        double difference = 0, size = 0;
        for (std::size_t i = 0; i < fused.size(); ++i) {
          difference += std::pow(fused[i] - products[i], 2);
          size += std::pow(products[i], 2);
        }
        EXPECT_LE(std::sqrt(difference), 0x1p-7 * std::sqrt(size));
      }
}

TEST(InrFusedBf16, RunsWhereTheProcessorHasItAndTheRecordSaysSo) {
  const Backend* cpu = find_backend("cpu");
  if (const Support available = cpu->available(); !available) GTEST_SKIP() << available.reason;
  InrSpec spec{.networks = 1, .points = 16, .hidden_layers = 1, .width = 16, .precision = Precision::bf16};
  if (cpu::has_bf16()) {
    EXPECT_EQ(cpu->make(spec)->implementation(),
              cpu::bf16_unit() == cpu::Bf16Unit::amx ? "cpu/fused/amx_bf16" : "cpu/fused/avx512_bf16");
  } else {
    EXPECT_TRUE(cpu->make(spec)->implementation().ends_with("/bf16-as-fp32")) << cpu->make(spec)->implementation();
    spec.implementation = InrImplementation::fused;
    EXPECT_NE(cpu->supports(spec).reason.find("fp32"), std::string::npos);
  }
}

}  // namespace
}  // namespace frugal
