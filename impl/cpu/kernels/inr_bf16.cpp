#include "impl/cpu/kernels/inr_bf16.hpp"

#include "impl/cpu/kernels/inr_layers.hpp"
#include "impl/cpu/kernels/inr_panels.hpp"
#ifdef FRUGAL_TILES
#include "impl/cpu/kernels/bf16_tiles.hpp"
#else
#include "impl/cpu/kernels/bf16_lanes.hpp"
#endif

namespace frugal::cpu::FRUGAL_ISA {
namespace {

static_assert(inr_column_multiple % 2 == 0);

/// Two registers rounded to nearest, ties to even: the first in the low half.
inline __m512i rounded(Lanes first, Lanes second) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second.v, first.v));
}

alignas(64) constexpr std::uint16_t alternately[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};

/// Of two rounded registers, the pairs of their lanes.
inline __m512i paired(__m512i two) { return _mm512_permutexvar_epi16(_mm512_load_si512(alternately), two); }

/// Two rows at a time, rounded, by rows and in pairs of rows.
struct Rounded {
  Pair* rows;  ///< of all columns
  long row;    ///< from a row to the next
  Pair* pairs;
  long pair;  ///< from a pair of rows to the next

  [[gnu::always_inline]] void put(long r, long c, Lanes even, Lanes odd) const {
    const __m512i both = rounded(even, odd);
    Pair* const to = rows + r * row + c / 2;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(both));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + row), _mm512_extracti64x4_epi64(both, 1));
    _mm512_storeu_si512(pairs + r / 2 * pair + c, paired(both));
  }
  Rounded from(long r, long c) const { return {rows + r * row + c / 2, row, pairs + r / 2 * pair + c, pair}; }
  void close() const {}
};

/// Two rows of dL/dz of the first layer at a time, as they are, into the gradient of its weight: that of a register of
/// columns from `from` to `close`.
template <int inputs>
struct FirstLayer {
  const float* x;  ///< [rows, inputs]
  float* grad_w;   ///< [inputs, padded]
  long padded;

  struct Columns {
    const float* x;
    float* grad_w;
    long padded;
    Lanes sums[inputs];
    void put(long r, long, Lanes even, Lanes odd) {
      for (int d = 0; d < inputs; ++d) {
        sums[d] = fma(broadcast(x[r * inputs + d]), even, sums[d]);
        sums[d] = fma(broadcast(x[(r + 1) * inputs + d]), odd, sums[d]);
      }
    }
    void close() const {
      for (int d = 0; d < inputs; ++d) store(grad_w + d * padded, sums[d]);
    }
  };
  Columns from(long r, long c) const {
    Columns columns{x + r * inputs, grad_w + c, padded, {}};
    for (int d = 0; d < inputs; ++d) columns.sums[d] = load(columns.grad_w + d * padded);
    return columns;
  }
};

/// The product is dL/dh: times f' it is dL/dz, whose column sums are added to grad_bias.
template <class To>
struct Below {
  const float* slope;
  long stride;
  float* grad_bias;
  To to;
  Initial initial() const { return {}; }
  template <int R, int registers>
  void finish(const Lanes (&sums)[R][registers]) const {
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) {
      const long c = v * Lanes::width;
      auto columns = to.from(0, c);
      Lanes sum = load(grad_bias + c);
#pragma GCC unroll 16
      for (int r = 0; r < R; r += 2) {
        const Lanes even = sums[r][v] * load(slope + r * stride + c);
        const Lanes odd = sums[r + 1][v] * load(slope + (r + 1) * stride + c);
        sum = sum + (even + odd);
        columns.put(r, 0, even, odd);
      }
      store(grad_bias + c, sum);
      columns.close();
    }
  }
};

/// The product is a gradient: of the weights at w[r * row + c], which take their step, with the moments at m and v, and
/// are written rounded, in pairs of rows, too.
struct Updated {
  AdamUpdate adam;
  float *w, *m, *v;
  long row;
  const float* before;
  Pair* pairs;
  Initial initial() const { return {before, row}; }
  template <int R, int registers>
  void finish(const Lanes (&sums)[R][registers]) const {
#pragma GCC unroll 16
    for (int r = 0; r < R; r += 2)
#pragma GCC unroll 4
      for (int i = 0; i < registers; ++i) {
        const long at = r * row + i * Lanes::width, next = at + row;
        const Lanes even = adam(sums[r][i], w + at, m + at, v + at);
        const Lanes odd = adam(sums[r + 1][i], w + next, m + next, v + next);
        _mm512_storeu_si512(pairs + r / 2 * row + i * Lanes::width, paired(rounded(even, odd)));
      }
  }
};

/// C[rows, columns] = A B + initial; columns a multiple of inr_column_multiple, at most those of a panel.
template <class Left, class Place, class Finish>
inline void multiply(long rows, Left a, const Pair* b, long depth, long columns, const Place& place,
                     const Finish& finish) {
  const long registers = columns / Lanes::width;
  if (registers == 4) return product_panel<4>(rows, a, b, columns, depth, place, finish);
  if (registers == 3) return product_panel<3>(rows, a, b, columns, depth, place, finish);
  if (registers == 2) return product_panel<2>(rows, a, b, columns, depth, place, finish);
  product_panel<1>(rows, a, b, columns, depth, place, finish);
}

/// Pairs of a sum over the columns of a layer, and rows for a sum over so many points: what is beyond them is 0.
inline long depth_of(const InrColumns& columns) { return inr_bf16_depth(columns.padded, depth_multiple); }
inline long rows_of_points(long points) { return 2 * inr_bf16_depth(points, depth_multiple); }

inline long size_of_weight(const InrColumns& columns) { return columns.padded * depth_of(columns); }

/// The inputs of hidden layer l + 1, as its producer writes them.
inline Rounded input_of(const InrFusedNetwork& network, long l, const InrBf16Scratch& scratch) {
  return {scratch.input_rows[l], depth_of(network.columns), scratch.input_pairs[l], network.columns.stride};
}

void pack_by_inputs(const InrFusedNetwork& network, long l, const float* parameters, const InrBf16Scratch& scratch) {
  const InrColumns& columns = network.columns;
  const float* const weight = parameters + network.weight[l];
  Pair* const to = scratch.by_inputs + (l - 1) * size_of_weight(columns);
  for_each_panel(columns.padded, [&](long first, long count) {
    const float* from = weight + first * columns.padded;
    Pair* pairs = to + first * depth_of(columns);
    for (long i = 0; i < columns.padded; i += 2, from += 2 * count, pairs += count)
      for (long o = 0; o < count; o += Lanes::width)
        _mm512_storeu_si512(pairs + o, paired(rounded(load(from + o), load(from + count + o))));
  });
}

/// 16 inputs by 16 outputs from pairs of inputs [8, 16] to pairs of outputs [8, 16].
inline void turn_block(const Pair* from, long from_row, Pair* to, long to_row) {
  // In each 64 bits: two outputs of two inputs become two inputs of two outputs.
  const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  __m512i q[8], t[8];
  for (int j = 0; j < 8; ++j) q[j] = _mm512_shuffle_epi8(_mm512_loadu_si512(from + j * from_row), swap);
  // Then 8 by 8 of these.
  for (int j = 0; j < 4; ++j) {
    t[j] = _mm512_unpacklo_epi64(q[2 * j], q[2 * j + 1]);
    t[4 + j] = _mm512_unpackhi_epi64(q[2 * j], q[2 * j + 1]);
  }
  for (int half = 0; half < 2; ++half) {
    const __m512i* const u = t + 4 * half;
    const __m512i a = _mm512_shuffle_i64x2(u[0], u[1], 0x88), b = _mm512_shuffle_i64x2(u[2], u[3], 0x88);
    const __m512i c = _mm512_shuffle_i64x2(u[0], u[1], 0xdd), d = _mm512_shuffle_i64x2(u[2], u[3], 0xdd);
    _mm512_storeu_si512(to + half * to_row, _mm512_shuffle_i64x2(a, b, 0x88));
    _mm512_storeu_si512(to + (4 + half) * to_row, _mm512_shuffle_i64x2(a, b, 0xdd));
    _mm512_storeu_si512(to + (2 + half) * to_row, _mm512_shuffle_i64x2(c, d, 0x88));
    _mm512_storeu_si512(to + (6 + half) * to_row, _mm512_shuffle_i64x2(c, d, 0xdd));
  }
}

/// by_outputs from by_inputs.
void turn_weights(const InrFusedNetwork& network, long l, const InrBf16Scratch& scratch) {
  const InrColumns& columns = network.columns;
  const Pair* const from = scratch.by_inputs + (l - 1) * size_of_weight(columns);
  Pair* const to = scratch.by_outputs + (l - 1) * size_of_weight(columns);
  for_each_panel(columns.padded, [&](long out, long outs) {
    for_each_panel(columns.padded, [&](long in, long ins) {
      for (long i = 0; i < ins; i += Lanes::width)
        for (long o = 0; o < outs; o += Lanes::width)
          turn_block(from + out * depth_of(columns) + (in + i) / 2 * outs + o, outs,
                     to + in * depth_of(columns) + (out + o) / 2 * ins + i, ins);
    });
  });
}

/// h and f' of the first layer. Rows beyond the points hold zeros.
void first_layer_rounded(const InrFusedNetwork& network, const float* parameters, const float* x, long points,
                         const InrBf16Scratch& scratch) {
  const InrColumns& columns = network.columns;
  const float* const w = parameters + network.weight[0];
  const float* const bias = parameters + network.bias[0];
  const Rounded to = input_of(network, 0, scratch);
  const long rows = rows_of_points(points);
  float* const slope = scratch.slope[0];
  with_activation(network.first, [&](const auto& activation) {
    for_each_register(columns, [&](long i, const auto& kept) {
      const Lanes shift = load(bias + i);
      const auto activated = [&](long t) {
        const Activated value =
            kept(activation(first_layer_sum(x + t * network.inputs, network.inputs, w + i, columns.padded, shift)));
        store(slope + t * columns.stride + i, value.slope);
        return value.h;
      };
      long t = 0;
      for (; t + 1 < points; t += 2) {
        const Lanes even = activated(t);
        to.put(t, i, even, activated(t + 1));
      }
      for (; t < rows; t += 2) to.put(t, i, t < points ? activated(t) : zero(), zero());
    });
  });
}

/// From h W in `slope`: f' in its place, h to `to`. An even number of rows.
inline void activate_rounded(const InrFunction& f, float* slope, const float* bias, long rows,
                             const InrColumns& columns, const Rounded& to) {
  with_activation(f, [&](const auto& activation) {
    for_each_register(columns, [&](long i, const auto& kept) {
      const Lanes shift = load(bias + i);
      for (long t = 0; t < rows; t += 2) {
        float* const even_slope = slope + t * columns.stride + i;
        float* const odd_slope = even_slope + columns.stride;
        const Activated even = kept(activation(load(even_slope) + shift));
        const Activated odd = kept(activation(load(odd_slope) + shift));
        store(even_slope, even.slope);
        store(odd_slope, odd.slope);
        to.put(t, i, even.h, odd.h);
      }
    });
  });
}

/// From packed weights, all layers but the last: leaves its input in scratch.h.
void hidden_layers(const InrFusedNetwork& network, const float* parameters, const float* x, long points,
                   const InrBf16Scratch& scratch) {
  const InrColumns& columns = network.columns;
  const long rows = rows_of_points(points);
  first_layer_rounded(network, parameters, x, points, scratch);
  for (long l = 1; l <= network.hidden_layers; ++l) {
    const bool top = l == network.hidden_layers;
    const RowsOf<Pair> input{scratch.input_rows[l - 1], depth_of(columns)};
    const Pair* const weight = scratch.by_inputs + (l - 1) * size_of_weight(columns);
    for_each_panel(columns.padded, [&](long first, long count) {
      const float* const bias = parameters + network.bias[l] + first;
      float* const slope = scratch.slope[l] + first;
      float* const sums = top ? scratch.h + first : slope;
      multiply(
          rows, input, weight + first * depth_of(columns), depth_of(columns), count,
          [&](long r) {
            return Target{sums + r * columns.stride, columns.stride, nullptr};
          },
          [&](long r, long some) {
            const long at = r * columns.stride;
            const InrColumns panel = columns_of_panel(columns, first, count);
            if (top)
              activate(network.hidden, sums + at, bias, some, panel, slope + at);
            else
              activate_rounded(network.hidden, slope + at, bias, some, panel,
                               input_of(network, l, scratch).from(r, first));
          });
    });
  }
}

void outputs(const InrFusedNetwork& network, const float* parameters, long points, const InrBf16Scratch& scratch,
             float* y) {
  const long last = network.hidden_layers + 1;
  last_layer(scratch.h, parameters + network.weight[last], parameters + network.bias[last], points, network.columns,
             network.channels, y);
}

/// Where dL/dz of a hidden layer goes, for the columns of a panel.
inline Rounded delta_of(const InrColumns& columns, int buffer, long rows, long first, long count,
                        const InrBf16Scratch& scratch) {
  return {scratch.delta_rows[buffer] + first / 2, depth_of(columns), scratch.delta_pairs[buffer] + first * (rows / 2),
          count};
}

/// Of the last `count` channels: their share of the last layer's gradient, and with it dL/dz of the last hidden layer,
/// rounded, with zeros in the rows beyond the points. `before`: dL/dh by the other channels is in scratch.delta.
template <int count>
void top_backward_of(const InrFusedNetwork& network, bool before, const float* parameters, long points,
                     const InrBf16Scratch& scratch, float* gradient) {
  const InrColumns& columns = network.columns;
  const long last = network.hidden_layers + 1;
  const long first_channel = network.channels - count;
  const float* const w = parameters + network.weight[last] + first_channel * columns.padded;
  float* const grad_w = gradient + network.weight[last] + first_channel * columns.padded;
  float* const grad_bias = gradient + network.bias[last - 1];
  const float* const slope = scratch.slope[last - 1];
  const long rows = rows_of_points(points);
  for_each_panel(columns.padded, [&](long first, long panel) {
    const Rounded to = delta_of(columns, 0, rows, first, panel, scratch);
    for (long c = first; c < first + panel; c += Lanes::width) {
      Lanes weight[count], sums[count];
      for (int k = 0; k < count; ++k) {
        weight[k] = load(w + k * columns.padded + c);
        sums[k] = load(grad_w + k * columns.padded + c);
      }
      const auto delta = [&](long t) [[gnu::always_inline]] {
        const long at = t * columns.stride + c;
        const Lanes h = load(scratch.h + at);
        Lanes below = before ? load(scratch.delta + at) : zero();
        for (int k = 0; k < count; ++k) {
          const Lanes dy = broadcast(scratch.y[t * network.channels + first_channel + k]);
          below = fma(dy, weight[k], below);
          sums[k] = fma(dy, h, sums[k]);
        }
        return below * load(slope + at);
      };
      Lanes sum = load(grad_bias + c);
      const auto put = [&](long t, Lanes even, Lanes odd) [[gnu::always_inline]] {
        sum = sum + (even + odd);
        to.put(t, c - first, even, odd);
      };
      long t = 0;
      for (; t + 1 < points; t += 2) put(t, delta(t), delta(t + 1));
      for (; t < rows; t += 2) put(t, t < points ? delta(t) : zero(), zero());
      store(grad_bias + c, sum);
      for (int k = 0; k < count; ++k) store(grad_w + k * columns.padded + c, sums[k]);
    }
  });
}

/// From dL/dy in scratch.y to dL/dz of the last hidden layer in buffer 0.
void top_backward(const InrFusedNetwork& network, const float* parameters, long points, const InrBf16Scratch& scratch,
                  float* gradient) {
  const InrColumns& columns = network.columns;
  const long last = network.hidden_layers + 1;
  const float* const w = parameters + network.weight[last];
  float* const grad_w = gradient + network.weight[last];
  float* const grad_bias = gradient + network.bias[last];
  for (long t = 0; t < points; ++t)
    for (long c = 0; c < network.channels; ++c) grad_bias[c] += scratch.y[t * network.channels + c];
  long c = 0;
  for (; c + 3 < network.channels; c += 3)
    last_layer_backward_channels<3>(scratch.y, scratch.h, w, points, columns, network.channels, c, scratch.delta,
                                    grad_w);
  const long rest = network.channels - c;
  if (rest == 3) return top_backward_of<3>(network, c > 0, parameters, points, scratch, gradient);
  if (rest == 2) return top_backward_of<2>(network, c > 0, parameters, points, scratch, gradient);
  top_backward_of<1>(network, c > 0, parameters, points, scratch, gradient);
}

/// dL/dz of layer l - 1 from that of layer l in buffer `from`: to(first column, columns of the panel, first row) takes
/// it.
template <class To>
void input_gradient(const InrFusedNetwork& network, long l, int from, long rows, const InrBf16Scratch& scratch,
                    float* gradient, const To& to) {
  const InrColumns& columns = network.columns;
  const RowsOf<Pair> delta{scratch.delta_rows[from], depth_of(columns)};
  const Pair* const weight = scratch.by_outputs + (l - 1) * size_of_weight(columns);
  for_each_panel(columns.padded, [&](long first, long count) {
    const float* const slope = scratch.slope[l - 1] + first;
    float* const grad_bias = gradient + network.bias[l - 1] + first;
    multiply(
        rows, delta, weight + first * depth_of(columns), depth_of(columns), count,
        [&](long r) {
          return Below<decltype(to(first, count, r))>{slope + r * columns.stride, columns.stride, grad_bias,
                                                      to(first, count, r)};
        },
        [](long, long) {});
  });
}

/// Into the other buffer.
void hidden_input_gradient(const InrFusedNetwork& network, long l, int from, long rows, const InrBf16Scratch& scratch,
                           float* gradient) {
  input_gradient(network, l, from, rows, scratch, gradient, [&](long first, long count, long r) {
    return delta_of(network.columns, 1 - from, rows, first, count, scratch).from(r, 0);
  });
}

/// Into the gradient of the first layer.
template <int inputs>
void first_input_gradient(const InrFusedNetwork& network, int from, long rows, const InrBf16Scratch& scratch,
                          float* gradient) {
  input_gradient(network, 1, from, rows, scratch, gradient, [&](long first, long, long r) {
    return FirstLayer<inputs>{scratch.x + r * inputs, gradient + network.weight[0] + first, network.columns.padded};
  });
}

/// Gradient of the weight of layer l from dL/dz in buffer `from`. With `update` it goes from the registers into the
/// step, and the new weights are packed.
void weight_gradient(const InrFusedNetwork& network, long l, int from, long rows, bool fresh,
                     const InrBf16Scratch& scratch, float* parameters, float* gradient, const InrUpdate* update) {
  const InrColumns& columns = network.columns;
  const auto input = turned({scratch.input_pairs[l - 1], columns.stride}, columns.padded, rows / 2, scratch.turned);
  const long inputs = rows_of_product(columns.width);
  const auto each_panel = [&](const auto& result) {
    for_each_panel(columns.padded, [&](long first, long count) {
      const auto place = [&](long r) {
        const long at = network.weight[l] + first * columns.padded + r * count;
        return result(at, first * depth_of(columns) + r / 2 * count, count, fresh ? nullptr : gradient + at);
      };
      multiply(inputs, input, scratch.delta_pairs[from] + first * (rows / 2), rows / 2, count, place,
               [](long, long) {});
    });
  };
  if (!update)
    return each_panel([&](long at, long, long row, const float* initial) {
      return Target{gradient + at, row, initial};
    });
  const AdamUpdate adam(update->step);
  Pair* const packed = scratch.by_inputs + (l - 1) * size_of_weight(columns);
  each_panel([&](long at, long pair_at, long row, const float* initial) {
    return Updated{adam, parameters + at, update->first + at, update->second + at, row, initial, packed + pair_at};
  });
  turn_weights(network, l, scratch);
}

void pack_weights(const InrFusedNetwork& network, const float* parameters, const InrBf16Scratch& scratch) {
  for (long l = 1; l <= network.hidden_layers; ++l) {
    pack_by_inputs(network, l, parameters, scratch);
    turn_weights(network, l, scratch);
  }
}

void forward(const InrFusedNetwork& network, const float* parameters, const float* x, long points,
             const InrBf16Scratch& scratch, float* y) {
  const TileUnit unit;
  for (long l = 1; l <= network.hidden_layers; ++l) pack_by_inputs(network, l, parameters, scratch);
  hidden_layers(network, parameters, x, points, scratch);
  outputs(network, parameters, points, scratch, y);
}

double train_tile(const InrFusedNetwork& network, float* parameters, const float* x, const float* target, long points,
                  float scale, bool fresh, const InrBf16Scratch& scratch, float* gradient, const InrUpdate* update) {
  const long rows = rows_of_points(points);
  const TileUnit unit;
  for (long i = 0; i < points * network.inputs; ++i) scratch.x[i] = x[i];  // in whole pairs of rows
  if (fresh) clear_thin(network, gradient);
  hidden_layers(network, parameters, x, points, scratch);
  outputs(network, parameters, points, scratch, scratch.y);
  const double squares = loss(scratch.y, target, scale, points * network.channels);

  top_backward(network, parameters, points, scratch, gradient);
  int from = 0;
  for (long l = network.hidden_layers; l >= 1; --l) {
    if (l > 1)
      hidden_input_gradient(network, l, from, rows, scratch, gradient);
    else if (network.inputs == 1)
      first_input_gradient<1>(network, from, rows, scratch, gradient);
    else if (network.inputs == 2)
      first_input_gradient<2>(network, from, rows, scratch, gradient);
    else
      first_input_gradient<3>(network, from, rows, scratch, gradient);
    weight_gradient(network, l, from, rows, fresh, scratch, parameters, gradient, update);
    from = 1 - from;
  }
  if (update) update_thin(network, gradient, parameters, *update);
  return squares;
}

}  // namespace

extern const InrBf16Kernels inr_bf16_kernels = {unit_name, depth_multiple, pack_weights, forward, train_tile};

}  // namespace frugal::cpu::FRUGAL_ISA
