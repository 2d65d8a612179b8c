#include "impl/common/inr_layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "impl/common/philox.hpp"

namespace frugal {
namespace {

double inr_bound(const InrSpec& spec, const InrTensor& tensor) {
  const double in = spec.layer_in(tensor.layer);
  const double out = spec.layer_out(tensor.layer);
  if (tensor.bias) return spec.bias_init == BiasInit::linear ? 1 / std::sqrt(in) : 1 / std::sqrt(out * in);
  if (spec.activation == Activation::relu) return 1 / std::sqrt(out * in);
  return tensor.layer == 0 ? 1 / in : std::sqrt(6 / in) / spec.omega0;
}

std::vector<std::int64_t> inr_shape(const InrSpec& spec, const InrTensor& tensor) {
  if (tensor.bias) return {spec.networks(), tensor.out};
  return {spec.networks(), tensor.out, tensor.in};
}

}  // namespace

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
  const Philox random(spec.seed, Purpose::weights);
  const auto stream = static_cast<std::uint32_t>(2 * tensor.layer + (tensor.bias ? 1 : 0));
  const auto bound = static_cast<float>(inr_bound(spec, tensor));
  std::vector<float> values(static_cast<std::size_t>(spec.networks() * tensor.size()));
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const auto words = random.block(i / 4, stream);
    for (std::size_t j = i; j < std::min(i + 4, values.size()); ++j)
      values[j] = (2 * Philox::to_unit(words[j - i]) - 1) * bound;
  }
  return values;
}

float inr_coordinate(int i, int n) {
  return n == 1 ? 0.F : static_cast<float>(-1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1));
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
        if (given.shape != shape ||
            given.values.size() != static_cast<std::size_t>(spec.networks() * tensors[t].size()))
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
  if (spec.grid < 1) return fmt::format("grid must be at least 1, but is {}", spec.grid);
  if (spec.tile < 1) return fmt::format("tile must be at least 1 pixel, but is {}", spec.tile);
  if (spec.channels < 1) return fmt::format("channels must be at least 1, but is {}", spec.channels);
  if (spec.hidden_layers < 0) return fmt::format("hidden_layers must not be negative, but is {}", spec.hidden_layers);
  if (spec.width < 1) return fmt::format("width must be at least 1, but is {}", spec.width);
  if (!(spec.omega0 > 0) || !std::isfinite(spec.omega0))
    return fmt::format("omega0 must be positive, but is {}", spec.omega0);
  return {};
}

}  // namespace frugal
