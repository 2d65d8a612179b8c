#include "datasets/synthetic/clicks.hpp"

#include <algorithm>
#include <cmath>

#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

// Streams of Purpose::synthetic_click. Dense feature d is stream dense_stream + d, table t is stream id_stream + t.
constexpr std::uint32_t label_stream = 0;
constexpr std::uint32_t slope_stream = 1;
constexpr std::uint32_t dense_stream = 1U << 16;
constexpr std::uint32_t id_stream = 2U << 16;
constexpr std::uint32_t effect_stream = 3U << 16;
constexpr int planted_dim = 4;
constexpr double click_bias = -1;

/// Uniform with mean 0 and variance 1: cheaper than a normal, and as good for a planted parameter.
double centered(std::uint32_t word) { return (static_cast<double>(word) * 0x1p-32 - 0.5) * 3.4641016151377544; }

}  // namespace

std::string why_invalid(const ClicksSpec& spec) {
  if (spec.tables < 1 || spec.dense_features < 1 || spec.rows < 1)
    return "a synthetic click set needs at least one dense feature and one table, and a row a table";
  return "";
}

ClicksGenerator::ClicksGenerator(const ClicksSpec& spec, std::uint64_t seed) : spec_(spec), seed_(seed) {
  if (const std::string why = why_invalid(spec); !why.empty()) throw UserError(why);
  const Philox random(seed, Purpose::synthetic_click);
  double norm = 0;
  for (int d = 0; d < spec.dense_features; ++d) {
    slope_.push_back(random.normal(static_cast<std::uint64_t>(d), slope_stream));
    norm += slope_.back() * slope_.back();
  }
  for (double& a : slope_) a /= std::sqrt(norm);
}

ClicksStream::Shape ClicksGenerator::shape() const {
  return {spec_.examples, spec_.test_examples, spec_.dense_features,
          std::vector<std::uint32_t>(static_cast<std::size_t>(spec_.tables), spec_.rows)};
}

void ClicksGenerator::make(std::uint64_t index, Example& example) const {
  const Philox random(seed_, Purpose::synthetic_click);
  example.dense.clear();
  example.ids.clear();
  double linear = 0;
  for (int d = 0; d < spec_.dense_features; ++d) {
    const double x = random.normal(index, dense_stream + static_cast<std::uint32_t>(d));
    example.dense.push_back(static_cast<float>(x));
    linear += slope_[static_cast<std::size_t>(d)] * x;
  }
  double effects = 0;
  double sums[planted_dim] = {};
  double squares[planted_dim] = {};
  for (int t = 0; t < spec_.tables; ++t) {
    const auto table = static_cast<std::uint32_t>(t);
    // u^3 has the density ~ x^(-2/3) on (0, 1): P(id < x) = (x / rows)^(1/3).
    const double u = static_cast<double>(random.block(index, id_stream + table)[0]) * 0x1p-32;
    const auto id = std::min(static_cast<std::uint32_t>(u * u * u * spec_.rows), spec_.rows - 1);
    example.ids.push_back(id);
    const auto vector = random.block(2 * std::uint64_t{id}, effect_stream + table);
    effects += centered(random.block(2 * std::uint64_t{id} + 1, effect_stream + table)[0]);
    for (int j = 0; j < planted_dim; ++j) {
      const double v = centered(vector[static_cast<std::size_t>(j)]);
      sums[j] += v;
      squares[j] += v * v;
    }
  }
  // sum_{s<t} v_s . v_t = (|sum v|^2 - sum |v|^2) / 2, of variance dim * tables (tables - 1) / 2.
  double pairs = 0;
  for (int j = 0; j < planted_dim; ++j) pairs += 0.5 * (sums[j] * sums[j] - squares[j]);
  const double tables = spec_.tables;
  effects /= std::sqrt(tables);
  if (spec_.tables > 1) pairs /= std::sqrt(planted_dim * tables * (tables - 1) / 2);
  example.logit = click_bias + spec_.signal * (linear + effects + pairs) / std::sqrt(3.0);
  const double uniform = (static_cast<double>(random.block(index, label_stream)[0]) + 0.5) * 0x1p-32;
  example.clicked = uniform < 1 / (1 + std::exp(-example.logit));
}

}  // namespace frugal::data
