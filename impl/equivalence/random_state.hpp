// States to start a check from: seeded, with optimiser state as after some training. A zero second moment would make
// Adam divide what is left of a cancelled gradient by itself, and no bound would hold.
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "impl/base/philox.hpp"
#include "impl/common/state.hpp"

namespace frugal {

/// The same tensors with other values: weights U(+-1/sqrt(columns)), embeddings and biases U(+-1/2), first moments
/// U(+-1e-3), second moments and sums of squares U(0.5e-4, 1.5e-4).
inline ModelState random_state(ModelState state, std::uint64_t step, std::uint64_t seed) {
  const Philox random(seed, Purpose::test);
  std::uint32_t stream = 0;
  state.step = step;
  for (NamedTensor& tensor : state.tensors) {
    const auto starts_with = [&](std::string_view text) { return tensor.name.starts_with(text); };
    float center = 0;
    float radius = 0.5F;
    if (starts_with("adam.v/") || starts_with("adagrad/")) {
      center = 1e-4F;
      radius = 0.5e-4F;
    } else if (starts_with("adam.m/")) {
      radius = 1e-3F;
    } else if (tensor.name.ends_with(".weight")) {
      radius = 1 / std::sqrt(static_cast<float>(tensor.shape.back()));
    }
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] = center + radius * (2 * random.uniform(i, stream) - 1);
    ++stream;
  }
  return state;
}

/// For compare_values().
inline std::vector<double> as_doubles(std::span<const float> values) { return {values.begin(), values.end()}; }

}  // namespace frugal
