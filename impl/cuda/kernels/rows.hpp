// What a kernel reads its operands from: rows of a matrix, gathered or not, as many as host or device know.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// Rows in device memory; with ids, row i is that of ids[i]. Behind each may stand a row of another array.
struct Rows {
  const float* data;
  unsigned width;
  const std::uint32_t* ids = nullptr;
  const float* more = nullptr;
  unsigned more_width = 0;

  __device__ std::size_t at(std::uint32_t i) const { return ids == nullptr ? i : ids[i]; }
  __device__ float operator()(std::uint32_t i, std::uint32_t k) const {
    return k < width ? data[at(i) * width + k] : more[at(i) * more_width + k - width];
  }
  /// Of rows with nothing behind them.
  __device__ const float* operator[](std::uint32_t i) const { return data + at(i) * width; }
};

/// A number that the host knows (at == null), or that is in device memory and at most `most`.
struct Count {
  std::uint32_t most;
  const std::uint32_t* at = nullptr;

  __device__ std::uint32_t operator()() const { return at == nullptr ? most : *at; }
};

}  // namespace frugal::cuda
