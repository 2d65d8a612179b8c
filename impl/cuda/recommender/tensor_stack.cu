#include <algorithm>
#include <utility>

#include "impl/cuda/kernels/tile_product.hpp"
#include "impl/cuda/recommender/tensor_stack.hpp"

namespace frugal::cuda {
namespace {

/// What is nothing but c.
struct Unmasked {
  static constexpr bool has_mask = false;
  static constexpr bool has_sums = false;
};

/// A pair of row i, into the operand and its transpose; zeros where i or j is beyond the matrix, and padding of the
/// operand. Lanes of rows i and i + 1 exchange, so that each has a pair of a column too.
template <Precision precision>
__device__ void put_both_ways(const OperandPair& to, std::uint32_t i, std::uint32_t j, float2 c,
                              std::uint32_t columns) {
  if (j < columns) to.rows.put_pair<precision>(i, j, c.x, c.y);
  const bool odd = i % 2 == 1;
  const float other = __shfl_xor_sync(0xffffffffU, odd ? c.x : c.y, 4);
  const std::uint32_t column = odd ? j + 1 : j;
  if (column < columns) to.columns.put_pair<precision>(column, i - i % 2, odd ? other : c.x, odd ? c.y : other);
}

/// relu(c + bias[j]) as an operand, or in fp32 where `plain` is not null.
template <Precision precision>
struct Activated : Unmasked {
  OperandPair to;
  float* plain;
  const float* bias;
  std::uint32_t columns;

  __device__ float2 column(std::uint32_t j) const {
    return make_float2(j < columns ? bias[j] : 0.F, j + 1 < columns ? bias[j + 1] : 0.F);
  }
  __device__ float2 operator()(unsigned, std::uint32_t i, std::uint32_t j, float2 c, float2 own_bias, unsigned,
                               bool present) const {
    const bool second = j + 1 < columns;
    c.x = present ? relu(c.x + own_bias.x) : 0.F;
    c.y = present && second ? relu(c.y + own_bias.y) : 0.F;
    if (plain == nullptr) {
      put_both_ways<precision>(to, i, j, c, columns);
    } else if (present && j < columns) {
      plain[std::size_t{i} * columns + j] = c.x;
      if (second) plain[std::size_t{i} * columns + j + 1] = c.y;
    }
    return c;
  }
  /// A NaN stays one.
  __device__ static float relu(float z) { return z < 0 ? 0.F : z; }
};

/// c where the output below is positive, else 0, as an operand, and its column sums.
template <Precision precision>
struct Masked {
  static constexpr bool has_mask = true;
  static constexpr bool has_sums = true;
  OperandPair to;
  Operand kept;
  std::uint32_t columns;
  float* sums;

  __device__ unsigned mask(std::uint32_t i, std::uint32_t j) const {
    if (j >= columns) return 0;
    const float2 below = kept.get_pair<precision>(i, j);
    return (below.x > 0 ? 1U : 0U) | (below.y > 0 && j + 1 < columns ? 2U : 0U);
  }
  __device__ float2 column(std::uint32_t) const { return make_float2(0.F, 0.F); }
  __device__ float2 operator()(unsigned, std::uint32_t i, std::uint32_t j, float2 c, float2, unsigned mask,
                               bool present) const {
    if (!present || (mask & 1) == 0) c.x = 0;
    if (!present || (mask & 2) == 0) c.y = 0;
    put_both_ways<precision>(to, i, j, c, columns);
    return c;
  }
};

/// out[slice][i, j] = c; stride even: what pads a row is written too.
struct Plain : Unmasked {
  float* out;
  std::size_t stride;
  std::size_t slice_stride;
  std::uint32_t columns;

  Plain(float* to, std::size_t row, std::size_t slice, std::uint32_t width)
      : out(to), stride(row), slice_stride(slice), columns(width) {}
  __device__ float2 column(std::uint32_t) const { return make_float2(0.F, 0.F); }
  __device__ float2 operator()(unsigned slice, std::uint32_t i, std::uint32_t j, float2 c, float2, unsigned,
                               bool present) const {
    if (present && j < columns)
      *reinterpret_cast<float2*>(out + slice * slice_stride + std::size_t{i} * stride + j) = c;
    return c;
  }
};

template <class T>
constexpr std::uint32_t u32(T n) {
  return static_cast<std::uint32_t>(n);
}

constexpr unsigned large_tile = 128;
constexpr unsigned small_tile = 64;

/// Or a device that has them: they are of sm_90 only.
bool uses_warpgroups(Precision precision) {
  return precision != Precision::fp32 && device_limits().compute_capability == 90;
}

/// The larger tile where there is work for it and a block of it fits the device.
ProductTile product_tile(bool enough_work, Precision precision) {
  const bool warpgroups = uses_warpgroups(precision);
  const std::size_t bytes = warpgroups ? warpgroup_product_bytes(large_tile) : tile_product_bytes(large_tile);
  const bool large = enough_work && bytes <= device_limits().shared_bytes_per_block;
  const unsigned size = large ? large_tile : small_tile;
  return {warpgroups ? warpgroup_product_rows : size, size, warpgroups};
}

std::uint32_t blocks_of(std::size_t rows, std::size_t columns, unsigned tile) {
  return blocks_for(rows, tile) * blocks_for(columns, tile);
}

/// The larger tile where its blocks nearly fill a device.
ProductTile tile_for(std::size_t rows, std::size_t columns, Precision precision) {
  return product_tile(blocks_of(rows, columns, large_tile) >= 96, precision);
}

/// Of a gradient [out, in], summed over the batch in slices.
struct GradientTiles {
  ProductTile tile;
  std::uint32_t slices;
};
GradientTiles gradient_tiles(DenseShape shape, std::size_t rows, Precision precision) {
  const std::uint32_t out = u32(shape.out);
  const std::uint32_t in = u32(shape.in);
  const bool large = blocks_of(out, in, large_tile) >= 32;
  const ProductTile tile = product_tile(large, precision);
  const std::uint32_t blocks = blocks_for(out, tile.rows) * blocks_for(in, tile.columns);
  const std::uint32_t wanted = (tile.rows == large_tile ? 128U : 256U) / blocks;
  const std::size_t least = 4 * operand_tile_words * (precision == Precision::bf16 ? 2 : 1);  // rows of a slice
  return {tile, std::clamp(wanted, 1U, std::max(1U, u32(std::min<std::size_t>(rows / least, 64))))};
}

}  // namespace

TensorStack::TensorStack(std::vector<DenseShape> shapes, int input_width, bool plain_output, unsigned delta_rows,
                         DenseParameters& parameters, std::size_t first, std::size_t most_rows, Precision precision,
                         const Stream& stream)
    : shapes_(std::move(shapes)),
      input_width_(static_cast<unsigned>(input_width)),
      parameters_(parameters),
      first_(first),
      precision_(precision),
      input_(most_rows, input_width_, precision, "inputs of dense layers", stream) {
  for (std::size_t l = 0; l < layers(); ++l) {
    const DenseShape shape = shapes_[l];
    const std::size_t out = u32(shape.out);
    const bool last = l + 1 == layers();
    if (last && plain_output)
      plain_output_ = DeviceBuffer<float>(most_rows * out, "outputs of dense layers");
    else
      outputs_.emplace_back(most_rows, out, precision, "outputs of dense layers", stream);
    deltas_.emplace_back(most_rows, out, precision, "gradients of dense outputs", stream);
    slices_.push_back(gradient_tiles(shape, most_rows, precision).slices);
    const std::size_t size = out * DenseParameters::stride(shape);
    gradients_.emplace_back(slices_.back() * size, "gradients of dense weights");
    gradients_.back().zero(stream);  // what pads a row is updated too
    const unsigned part = last ? delta_rows : tile_for(most_rows, out, precision).rows;
    const std::uint32_t parts = blocks_for(most_rows, part);
    bias_sums_.emplace_back(parts * out, "gradients of dense biases");
    parameters.set_gradient(first_ + l, {gradients_.back().data(), size, slices_.back(), 0},
                            {bias_sums_.back().data(), out, parts, part});
  }
}

void TensorStack::forward(Count rows, const Stream& stream) const {
  with_precision(precision_, [&]<Precision precision> {
    Operand below = input().rows;
    for (std::size_t l = 0; l < layers(); ++l) {
      const std::uint32_t out = u32(shapes_[l].out);
      const bool plain = l == outputs_.size();
      const OperandPair to = plain ? OperandPair{} : outputs_[l].view();
      const Activated<precision> epilogue{
          {}, to, plain ? const_cast<float*>(plain_output_.data()) : nullptr, parameters_.bias(first_ + l), out};
      multiply_tiles<precision>("dense_forward", stream, tile_for(rows.most, out, precision), below,
                                parameters_.operands(first_ + l).rows, epilogue, rows, out, Count{u32(shapes_[l].in)});
      below = to.rows;
    }
  });
}

void TensorStack::backward(Count rows, float* d_input, std::size_t stride, const Stream& stream) {
  with_precision(precision_, [&]<Precision precision> {
    for (std::size_t l = layers(); l-- > 0;) {
      const DenseShape shape = shapes_[l];
      const std::uint32_t in = u32(shape.in);
      const std::uint32_t out = u32(shape.out);
      const OperandPair delta = deltas_[l].view();
      const OperandPair below = l == 0 ? input() : outputs_[l - 1].view();
      const std::uint32_t row = DenseParameters::stride(shape);
      const Plain gradient{gradients_[l].data(), row, std::size_t{out} * row, in};
      multiply_tiles<precision>("weight_gradient", stream, gradient_tiles(shape, rows.most, precision).tile,
                                delta.columns, below.columns, gradient, Count{out}, in, rows, slices_[l]);
      const Operand weight = parameters_.operands(first_ + l).columns;
      if (l > 0) {
        const Masked<precision> epilogue{deltas_[l - 1].view(), below.rows, in, bias_sums_[l - 1].data()};
        multiply_tiles<precision>("input_gradient", stream, tile_for(rows.most, in, precision), delta.rows, weight,
                                  epilogue, rows, in, Count{out});
      } else if (d_input != nullptr) {
        const Plain epilogue{d_input, stride, 0, in};
        multiply_tiles<precision>("input_gradient", stream, tile_for(rows.most, in, precision), delta.rows, weight,
                                  epilogue, rows, in, Count{out});
      }
    }
  });
}

}  // namespace frugal::cuda
