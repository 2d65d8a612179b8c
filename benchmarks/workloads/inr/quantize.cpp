#include "benchmarks/workloads/inr/quantize.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "impl/common/fp16.hpp"

namespace frugal::workloads {
namespace {

constexpr double bits_of_scale = 32;

bool is_parameter(const NamedTensor& tensor) { return !tensor.name.starts_with("adam."); }

/// Of integers: that of the largest magnitude.
int largest_of(WeightFormat format) {
  assert(format != WeightFormat::fp16);
  return format == WeightFormat::int8 ? 127 : 31;
}

/// Finite values stay finite.
float weight_in_fp16(float value) {
  constexpr float largest = 65504;
  return std::isfinite(value) ? rounded_to_fp16(std::clamp(value, -largest, largest)) : value;
}

/// 0 also where the largest value is so small that its scale is not a float.
float scale_of(std::span<const float> values, int largest) {
  float most = 0;
  for (const float value : values) most = std::max(most, std::abs(value));
  return most / static_cast<float>(largest);
}

/// Halves to the even one.
float to_integer(float value, float scale, int largest) {
  const auto bound = static_cast<float>(largest);
  constexpr float no_fraction = 0x1.8p23F;  // added to less than 2^22: in vectors, where nearbyint() may be a call
  return scale == 0 ? 0 : std::clamp(value / scale, -bound, bound) + no_fraction - no_fraction;
}

/// The length of the adaptive code (quantize.hpp) of a message that has each level so often: the sum of -log2 of the
/// levels' probabilities, one after the other, which does not depend on their order.
double adaptive_code_bits(std::span<const std::uint64_t> counts) {
  double log = 0, all = 0;
  for (const std::uint64_t count : counts) {
    log -= std::lgamma(static_cast<double>(count) + 0.5) - std::lgamma(0.5);
    all += static_cast<double>(count);
  }
  const double half = static_cast<double>(counts.size()) / 2;
  return (log + std::lgamma(all + half) - std::lgamma(half)) / std::numbers::ln2;
}

/// body(values of one network, their scale) for each network.
template <class Values, class Body>
void for_each_network(Values values, const NamedTensor& tensor, WeightFormat format, const Body& body) {
  const auto networks = static_cast<std::size_t>(tensor.shape.front());
  const std::size_t size = values.size() / networks;
  for (std::size_t k = 0; k < networks; ++k) {
    const auto own = values.subspan(k * size, size);
    body(own, scale_of(own, largest_of(format)));
  }
}

}  // namespace

ModelState quantized(const ModelState& state, WeightFormat format) {
  ModelState result{.step = state.step, .tensors = {}};
  for (const NamedTensor& tensor : state.tensors) {
    if (!is_parameter(tensor)) continue;
    NamedTensor rounded = tensor;
    if (format == WeightFormat::fp16) {
      for (float& value : rounded.values) value = weight_in_fp16(value);
    } else {
      for_each_network(std::span(rounded.values), tensor, format, [&](std::span<float> values, float scale) {
        for (float& value : values) value = to_integer(value, scale, largest_of(format)) * scale;
      });
    }
    result.tensors.push_back(std::move(rounded));
  }
  return result;
}

double bits_of(const ModelState& state, WeightFormat format) {
  double bits = 0;
  for (const NamedTensor& tensor : state.tensors) {
    if (!is_parameter(tensor)) continue;
    const auto count = static_cast<double>(tensor.values.size());
    if (format == WeightFormat::fp16)
      bits += 16 * count;
    else
      bits +=
          (format == WeightFormat::int8 ? 8 : 6) * count + bits_of_scale * static_cast<double>(tensor.shape.front());
  }
  return bits;
}

double coded_bits_of(const ModelState& state, WeightFormat format) {
  const int largest = largest_of(format);
  double bits = 0;
  for (const NamedTensor& tensor : state.tensors) {
    if (!is_parameter(tensor)) continue;
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(2 * largest + 1));
    for_each_network(std::span(tensor.values), tensor, format, [&](std::span<const float> values, float scale) {
      bits += bits_of_scale;
      for (const float value : values) {
        const int level = static_cast<int>(to_integer(value, scale, largest)) + largest;
        ++counts[static_cast<std::size_t>(level)];
      }
    });
    bits += adaptive_code_bits(counts);
  }
  return bits;
}

}  // namespace frugal::workloads
