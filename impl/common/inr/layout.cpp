#include "impl/common/inr/layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <stdexcept>

#include "impl/base/philox.hpp"

namespace frugal {
namespace {

/// Of a weight, before weight_scale.
double weight_bound(const InrSpec& spec, const InrTensor& tensor) {
  const double in = spec.layer_in(tensor.layer);
  const double out = spec.layer_out(tensor.layer);
  switch (spec.activation) {
    case Activation::relu:
      return 1 / std::sqrt(out * in);
    case Activation::gauss:
    case Activation::wire:
      return 1 / std::sqrt(in);
    case Activation::sine:
    case Activation::finer:
      break;
  }
  return tensor.layer == 0 ? 1 / in : std::sqrt(6 / in) / spec.omega0;
}

}  // namespace

std::vector<std::int64_t> inr_shape(const InrSpec& spec, const InrTensor& tensor) {
  if (tensor.bias) return {spec.networks, tensor.out};
  return {spec.networks, tensor.out, tensor.in};
}

double inr_bound(const InrSpec& spec, const InrTensor& tensor) {
  const double in = spec.layer_in(tensor.layer);
  const double out = spec.layer_out(tensor.layer);
  if (tensor.bias) return spec.bias_init == BiasInit::linear ? 1 / std::sqrt(in) : 1 / std::sqrt(out * in);
  return weight_bound(spec, tensor) * (tensor.layer + 1 < spec.layers() ? spec.weight_scale : 1);
}

std::string InrTensor::name() const { return fmt::format("layer.{}.{}", layer, bias ? "bias" : "weight"); }

std::vector<InrTensor> inr_tensors(const InrSpec& spec) {
  std::vector<InrTensor> tensors;
  for (int layer = 0; layer < spec.layers(); ++layer) {
    tensors.push_back({layer, false, spec.layer_out(layer), spec.layer_in(layer)});
    tensors.push_back({layer, true, spec.layer_out(layer), 1});
  }
  return tensors;
}

std::vector<float> inr_initial_values(const InrSpec& spec, const InrTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(spec.networks * tensor.size()));
  inr_initial_values(spec, tensor, 0, values);
  return values;
}

void inr_initial_values(const InrSpec& spec, const InrTensor& tensor, std::int64_t first, std::span<float> values) {
  const Philox random(spec.seed, Purpose::weights);
  const auto bound = static_cast<float>(inr_bound(spec, tensor));
  const auto begin = static_cast<std::uint64_t>(first);
  const std::uint64_t end = begin + values.size();
  for (std::uint64_t block = begin / 4; 4 * block < end; ++block) {
    const auto words = random.block(block, tensor.stream());
    for (std::uint64_t i = std::max(begin, 4 * block); i < std::min(end, 4 * block + 4); ++i)
      values[i - begin] = inr_initial_value(words[i % 4], bound);
  }
}

std::vector<float> grid_coordinates(std::span<const int> shape) {
  std::size_t points = 1;
  for (const int n : shape) points *= static_cast<std::size_t>(n);
  std::vector<float> coordinates(points * shape.size());
  for (std::size_t point = 0; point < points; ++point) {
    std::size_t rest = point;
    for (std::size_t d = shape.size(); d-- > 0;) {
      const auto n = static_cast<std::size_t>(shape[d]);
      const auto i = static_cast<double>(rest % n);
      coordinates[point * shape.size() + d] =
          n == 1 ? 0.F : static_cast<float>(-1 + 2 * i / static_cast<double>(n - 1));
      rest /= n;
    }
  }
  return coordinates;
}

double learning_rate_at(const InrSpec& spec, std::uint64_t t) {
  const auto done = static_cast<double>(t - 1);
  const double warmup = spec.schedule.warmup;
  if (done < warmup) return spec.adam.learning_rate * (done + 1) / warmup;
  if (spec.schedule.kind == LearningRateSchedule::Kind::constant) return spec.adam.learning_rate;
  const double share = std::min(1.0, (done - warmup) / (spec.schedule.steps - warmup));
  return spec.adam.learning_rate * (1 + std::cos(std::numbers::pi * share)) / 2;
}

std::vector<InrTarget> inr_import_targets(const InrSpec& spec, const ModelState& state) {
  const std::vector<InrTensor> tensors = inr_tensors(spec);
  std::vector<InrTarget> targets;
  std::set<std::string> seen;
  for (const NamedTensor& given : state.tensors) {
    bool known = false;
    for (int copy = 0; copy < 3 && !known; ++copy) {
      for (std::size_t t = 0; t < tensors.size() && !known; ++t) {
        if (given.name != inr_state_prefixes[copy] + tensors[t].name()) continue;
        known = true;
        const auto shape = inr_shape(spec, tensors[t]);
        if (given.shape != shape || given.values.size() != static_cast<std::size_t>(spec.networks * tensors[t].size()))
          throw std::invalid_argument(fmt::format("tensor '{}' has shape [{}] and {} values; expected [{}]", given.name,
                                                  fmt::join(given.shape, ", "), given.values.size(),
                                                  fmt::join(shape, ", ")));
        targets.push_back({copy, t});
      }
    }
    if (!known) throw std::invalid_argument(fmt::format("unknown tensor '{}'", given.name));
    if (!seen.insert(given.name).second)
      throw std::invalid_argument(fmt::format("tensor '{}' is given twice", given.name));
  }
  return targets;
}

std::string why_invalid(const InrSpec& spec) {
  if (spec.networks < 1) return fmt::format("there must be at least 1 network, but there are {}", spec.networks);
  if (spec.points < 1) return fmt::format("a tile must have at least 1 point, but has {}", spec.points);
  if (spec.inputs < 1 || spec.inputs > 3)
    return fmt::format("a signal must have 1 to 3 dimensions, but has {}", spec.inputs);
  if (spec.channels < 1) return fmt::format("channels must be at least 1, but is {}", spec.channels);
  if (spec.hidden_layers < 0) return fmt::format("hidden_layers must not be negative, but is {}", spec.hidden_layers);
  if (spec.width < 1) return fmt::format("width must be at least 1, but is {}", spec.width);
  const std::pair<const char*, double> positive[] = {{"omega0", spec.omega0},
                                                     {"first_omega0", spec.first_omega0},
                                                     {"scale", spec.scale},
                                                     {"weight_scale", spec.weight_scale}};
  for (const auto& [name, value] : positive)
    if (!(value > 0) || !std::isfinite(value)) return fmt::format("{} must be positive, but is {}", name, value);
  const LearningRateSchedule& schedule = spec.schedule;
  if (schedule.kind == LearningRateSchedule::Kind::cosine && schedule.warmup >= schedule.steps)
    return fmt::format("a warm-up of {} steps leaves nothing of {} steps", schedule.warmup, schedule.steps);
  return {};
}

}  // namespace frugal
