#include "benchmarks/workloads/inr/quantize.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace frugal::workloads {
namespace {

bool is_parameter(const NamedTensor& tensor) { return !tensor.name.starts_with("adam."); }

/// binary16 has 11 significant bits down to 2^-14, and steps of 2^-24 below.
float to_fp16(float value) {
  if (!std::isfinite(value)) return value;
  constexpr float largest = 65504;
  int exponent = 0;
  std::frexp(value, &exponent);
  const float step = std::ldexp(1.F, std::max(exponent - 11, -24));
  return std::clamp(std::nearbyint(value / step) * step, -largest, largest);
}

void to_int8(std::span<float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  const float scale = largest / 127;
  if (scale == 0) {  // also where the largest is so small that its scale is not a float
    std::ranges::fill(values, 0.F);
    return;
  }
  for (float& value : values) value = std::clamp(std::nearbyint(value / scale), -127.F, 127.F) * scale;
}

}  // namespace

ModelState quantized(const ModelState& state, WeightFormat format) {
  ModelState result{.step = state.step, .tensors = {}};
  for (const NamedTensor& tensor : state.tensors) {
    if (!is_parameter(tensor)) continue;
    NamedTensor rounded = tensor;
    if (format == WeightFormat::fp16) {
      for (float& value : rounded.values) value = to_fp16(value);
    } else {
      const auto networks = static_cast<std::size_t>(tensor.shape.front());
      const std::size_t size = tensor.values.size() / networks;
      for (std::size_t k = 0; k < networks; ++k) to_int8(std::span(rounded.values).subspan(k * size, size));
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
    bits += format == WeightFormat::fp16 ? 16 * count : 8 * count + 32 * static_cast<double>(tensor.shape.front());
  }
  return bits;
}

}  // namespace frugal::workloads
