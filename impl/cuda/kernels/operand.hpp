// Operands of products on tensor cores, in the form that those read: rounded once, by whoever computes them.
//
// A matrix is rows of words of 32 bits, the depth of the product along a row: one value a word (fp32; tf32, rounded to
// it), or two (bf16). Rows and their number are padded to whole tiles; what pads them is zero.
#pragma once
#include <bit>
#include <cstdint>

#include "impl/common/bf16.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/kernels/rounding.hpp"

namespace frugal::cuda {

inline constexpr unsigned operand_tile_words = 32;  ///< of the depth
inline constexpr unsigned operand_tile_rows = 128;

template <Precision precision>
constexpr unsigned values_per_word = precision == Precision::bf16 ? 2 : 1;

struct Operand {
  std::uint32_t* words;
  std::uint32_t stride;  ///< words of a row

  template <Precision precision>
  __device__ void put(std::size_t row, std::uint32_t k, float value) const {
    if constexpr (precision == Precision::bf16)
      reinterpret_cast<std::uint16_t*>(words)[row * stride * 2 + k] = to_bf16(value);
    else
      words[row * stride + k] = std::bit_cast<std::uint32_t>(precision == Precision::tf32 ? to_tf32(value) : value);
  }

  /// Of an even k.
  template <Precision precision>
  __device__ void put_pair(std::size_t row, std::uint32_t k, float first, float second) const {
    if constexpr (precision == Precision::bf16) {
      words[row * stride + k / 2] = tensor_core::pack_bf16(first, second);
    } else {
      if constexpr (precision == Precision::tf32) {
        first = to_tf32(first);
        second = to_tf32(second);
      }
      *reinterpret_cast<float2*>(words + row * stride + k) = make_float2(first, second);
    }
  }

  /// n neighbours, k a multiple of n, which is 4, 8 or 16: few wide stores.
  template <Precision precision, unsigned n>
  __device__ void put_run(std::size_t row, std::uint32_t k, const float (&values)[n]) const {
    if constexpr (precision == Precision::bf16) {
      std::uint32_t pairs[n / 2];
#pragma unroll
      for (unsigned v = 0; v < n / 2; ++v) pairs[v] = tensor_core::pack_bf16(values[2 * v], values[2 * v + 1]);
      std::uint32_t* const to = words + row * stride + k / 2;
      if constexpr (n == 4) {
        *reinterpret_cast<uint2*>(to) = make_uint2(pairs[0], pairs[1]);
      } else {
#pragma unroll
        for (unsigned v = 0; v < n / 2; v += 4)
          *reinterpret_cast<uint4*>(to + v) = make_uint4(pairs[v], pairs[v + 1], pairs[v + 2], pairs[v + 3]);
      }
    } else {
      const auto rounded = [](float x) { return precision == Precision::tf32 ? to_tf32(x) : x; };
#pragma unroll
      for (unsigned v = 0; v < n; v += 4)
        *reinterpret_cast<float4*>(words + row * stride + k + v) =
            make_float4(rounded(values[v]), rounded(values[v + 1]), rounded(values[v + 2]), rounded(values[v + 3]));
    }
  }

  template <Precision precision>
  __device__ float get(std::size_t row, std::uint32_t k) const {
    if constexpr (precision == Precision::bf16)
      return from_bf16(reinterpret_cast<const std::uint16_t*>(words)[row * stride * 2 + k]);
    else
      return std::bit_cast<float>(words[row * stride + k]);
  }

  /// Of an even k.
  template <Precision precision>
  __device__ float2 get_pair(std::size_t row, std::uint32_t k) const {
    if constexpr (precision == Precision::bf16) {
      const std::uint32_t pair = words[row * stride + k / 2];
      return make_float2(from_bf16(static_cast<std::uint16_t>(pair)),
                         from_bf16(static_cast<std::uint16_t>(pair >> 16)));
    } else {
      return *reinterpret_cast<const float2*>(words + row * stride + k);
    }
  }
};

constexpr std::size_t padded_to(std::size_t n, std::size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// Room for an operand; zeros.
class OperandBuffer {
 public:
  OperandBuffer() = default;
  OperandBuffer(std::size_t rows, std::size_t depth, Precision precision, const char* what, const Stream& stream)
      : stride_(padded_to((depth * (precision == Precision::bf16 ? 2 : 4) + 3) / 4, operand_tile_words)),
        words_(padded_to(rows, operand_tile_rows) * stride_, what) {
    words_.zero(stream);
  }

  Operand view() const { return {const_cast<std::uint32_t*>(words_.data()), static_cast<std::uint32_t>(stride_)}; }

 private:
  std::size_t stride_ = 0;
  DeviceBuffer<std::uint32_t> words_;
};

/// A matrix [rows, depth] and its transpose: what one product reads along its columns, another reads along its rows.
struct OperandPair {
  Operand rows;
  Operand columns;

  template <Precision precision>
  __device__ void put(std::uint32_t i, std::uint32_t j, float value) const {
    rows.put<precision>(i, j, value);
    columns.put<precision>(j, i, value);
  }

  /// value(r) of rows i + r, r < count, of column j. Where `run` divides i and count, so many values are asked for before
  /// any is stored: they may come from device memory, all at once.
  template <Precision precision, unsigned run, class Value>
  __device__ void put_column(std::uint32_t i, std::uint32_t count, std::uint32_t j, const Value& value) const {
    if (count % run != 0) {
      for (std::uint32_t r = 0; r < count; ++r) put<precision>(i + r, j, value(r));
      return;
    }
    for (std::uint32_t r = 0; r < count; r += run) {
      float values[run];
#pragma unroll
      for (unsigned v = 0; v < run; ++v) values[v] = value(r + v);
#pragma unroll
      for (unsigned v = 0; v < run; ++v) rows.put<precision>(i + r + v, j, values[v]);
      columns.put_run<precision>(j, i + r, values);
    }
  }
};

class OperandPairBuffer {
 public:
  OperandPairBuffer() = default;
  OperandPairBuffer(std::size_t rows, std::size_t columns, Precision precision, const char* what, const Stream& stream)
      : rows_(rows, columns, precision, what, stream),
        columns_(columns, padded_to(rows, operand_tile_rows), precision, what, stream) {}  // a tile writes all its rows

  OperandPair view() const { return {rows_.view(), columns_.view()}; }

 private:
  OperandBuffer rows_;
  OperandBuffer columns_;
};

/// Calls body.template operator()<precision>() with the precision that only the host knows.
template <class Body>
void with_precision(Precision precision, const Body& body) {
  switch (precision) {
    case Precision::fp32:
      return body.template operator()<Precision::fp32>();
    case Precision::tf32:
      return body.template operator()<Precision::tf32>();
    case Precision::bf16:
      return body.template operator()<Precision::bf16>();
  }
}

}  // namespace frugal::cuda
