// The whole state of a model as named tensors: how back ends are checked against the reference, how checkpoints are
// made, and how embeddings move between stages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

/// A dense fp32 array, row-major (last index fastest).
struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// All that decides how training goes on: parameters, optimiser state (names prefixed "adam.m/", "adam.v/",
/// "adagrad/"), and the number of steps (or epochs) done.
struct ModelState {
  std::uint64_t step = 0;
  std::vector<NamedTensor> tensors;

  const NamedTensor* find(std::string_view name) const {
    for (const NamedTensor& tensor : tensors)
      if (tensor.name == name) return &tensor;
    return nullptr;
  }
};

}  // namespace frugal
