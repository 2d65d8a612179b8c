#include "impl/cpu/kernels/inr_fused.hpp"

#include "impl/cpu/kernels/inr_layers.hpp"
#include "impl/cpu/kernels/inr_panels.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

using ByRows = RowsOf<float>;
using ByColumns = ColumnsOf<float>;

/// A of a product, in panels that are all of full width: element (r, k) is input r, output k of a hidden weight.
struct ByPanels {
  const float* data;
  long panel;  ///< floats
  float operator()(long r, long k) const {
    return data[k / panel_columns * panel + r * panel_columns + k % panel_columns];
  }
  ByPanels from_row(long r) const { return {data + r * panel_columns, panel}; }
};

/// Where a product goes: C[r, c] at data[r * row + c]. `initial`, laid out as C, is what it starts from; null: 0.
struct Target {
  float* data;
  long row;
  const float* initial;
  Lanes start(long r, long c) const { return initial ? load(initial + r * row + c) : zero(); }
  void finish(long r, long c, Lanes sum) const { store(data + r * row + c, sum); }
};

/// The product is a gradient: of the weights at w[r * row + c], which take their step, with the moments at m and v.
struct Updated {
  AdamUpdate adam;
  float *w, *m, *v;
  long row;
  const float* initial;
  Lanes start(long r, long c) const { return initial ? load(initial + r * row + c) : zero(); }
  void finish(long r, long c, Lanes gradient) const {
    const long at = r * row + c;
    adam(gradient, w + at, m + at, v + at);
  }
};

/// C[R, registers of columns] = A[R, depth] B[depth, columns] + initial, all of C in registers meanwhile.
template <int R, int registers, class Left, class Result>
[[gnu::noinline]] void product_block(Left a, const float* b, long b_row, long depth, Result c) {
  Lanes sums[R][registers];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) sums[r][v] = c.start(r, v * Lanes::width);
  for (long k = 0; k < depth; ++k) {
    Lanes right[registers];
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) right[v] = load(b + k * b_row + v * Lanes::width);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Lanes left = broadcast(a(r, k));
#pragma GCC unroll 4
      for (int v = 0; v < registers; ++v) sums[r][v] = fma(left, right[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) c.finish(r, v * Lanes::width, sums[r][v]);
}

/// Rows of C that its registers hold beside those of a row of B: 24 of 32 sums with AVX-512, 12 of 16 with AVX2. One
/// register of columns takes 14 rows: enough independent sums to hide the latency.
constexpr long rows_of(int registers) {
  if (Lanes::width == 8) return 6;
  constexpr long rows[] = {14, 12, 8, 6};
  return rows[registers - 1];
}

/// product_block of 1 to R rows.
template <int R, int registers, class Left, class Result>
inline void product_rows(long rows, Left a, const float* b, long b_row, long depth, Result c) {
  if constexpr (R > 1) {
    if (rows < R) return product_rows<R - 1, registers>(rows, a, b, b_row, depth, c);
  }
  product_block<R, registers>(a, b, b_row, depth, c);
}

/// Rows of C are done some at a time: `place(first row)` says where they go, `finish(first row, rows)` follows while
/// they are in L1.
template <int registers, class Left, class Place, class Finish>
inline void product_panel(long rows, Left a, const float* b, long b_row, long depth, const Place& place,
                          const Finish& finish) {
  constexpr long most = rows_of(registers);
  const long blocks = (rows + most - 1) / most;  // of about equal size: a block of few rows waits for its own sums
  for (long block = 0; block < blocks; ++block) {
    const long r = rows * block / blocks;
    const long count = rows * (block + 1) / blocks - r;
    product_rows<static_cast<int>(most), registers>(count, a.from_row(r), b, b_row, depth, place(r));
    finish(r, count);
  }
}

/// C[rows, columns] = A B + initial; columns a multiple of inr_column_multiple, at most those of a panel.
template <class Left, class Place, class Finish>
inline void multiply(long rows, Left a, const float* b, long b_row, long depth, long columns, const Place& place,
                     const Finish& finish) {
  if constexpr (most_registers == 4) {
    const long registers = columns / Lanes::width;
    if (registers == 4) return product_panel<4>(rows, a, b, b_row, depth, place, finish);
    if (registers == 3) return product_panel<3>(rows, a, b, b_row, depth, place, finish);
    if (registers == 2) return product_panel<2>(rows, a, b, b_row, depth, place, finish);
    return product_panel<1>(rows, a, b, b_row, depth, place, finish);
  } else {
    product_panel<most_registers>(rows, a, b, b_row, depth, place, finish);
  }
}

void transpose_weights(const InrFusedNetwork& network, const float* parameters, const InrFusedScratch& scratch) {
  if (network.few_points) return;
  const long padded = network.columns.padded;
  for (long l = 1; l <= network.hidden_layers; ++l) {
    const float* from = parameters + network.weight[l];
    float* to = scratch.transposed + (l - 1) * padded * padded;
    for_each_panel(padded, [&](long out, long outs) {
      for_each_panel(padded, [&](long in, long ins) {
        for (long i = 0; i < ins; i += Lanes::width)
          for (long o = 0; o < outs; o += Lanes::width)
            transpose(from + inr_panel_index(in + i, out + o, padded, panel_columns), outs,
                      to + inr_panel_index(out + o, in + i, padded, panel_columns), ins);
      });
    });
  }
}

void forward(const InrFusedNetwork& network, const float* parameters, const float* x, long rows,
             const InrFusedScratch& scratch, float* y) {
  const InrColumns& columns = network.columns;
  first_layer(network.first, x, network.inputs, parameters + network.weight[0], parameters + network.bias[0], rows,
              columns, scratch.h[0], scratch.slope[0]);
  for (long l = 1; l <= network.hidden_layers; ++l) {
    const ByRows input{scratch.h[l - 1], columns.stride};
    for_each_panel(columns.padded, [&](long first, long count) {
      float* h = scratch.h[l] + first;
      float* slope = scratch.slope[l] + first;
      multiply(
          rows, input, parameters + network.weight[l] + first * columns.padded, count, columns.width, count,
          [&](long r) {
            return Target{h + r * columns.stride, columns.stride, nullptr};
          },
          [&](long r, long some) {
            activate(network.hidden, h + r * columns.stride, parameters + network.bias[l] + first, some,
                     columns_of_panel(columns, first, count), slope + r * columns.stride);
          });
    });
  }
  const long last = network.hidden_layers + 1;
  last_layer(scratch.h[last - 1], parameters + network.weight[last], parameters + network.bias[last], rows, columns,
             network.channels, y);
}

/// dL/dh of layer l - 1 from dL/dz of layer l in scratch.delta; then dL/dz of layer l - 1, into scratch.below.
inline void input_gradient(const InrFusedNetwork& network, long l, long rows, const InrFusedScratch& scratch,
                           float* gradient) {
  const InrColumns& columns = network.columns;
  const ByRows delta{scratch.delta, columns.stride};
  const float* weight = scratch.transposed + (l - 1) * columns.padded * columns.padded;
  for_each_panel(columns.padded, [&](long first, long count) {
    float* below = scratch.below + first;
    multiply(
        rows, delta, weight + first * columns.padded, count, columns.width, count,
        [&](long r) {
          return Target{below + r * columns.stride, columns.stride, nullptr};
        },
        [&](long r, long some) {
          activation_backward(below + r * columns.stride, scratch.slope[l - 1] + first + r * columns.stride, some,
                              columns_of_panel(columns, first, count), gradient + network.bias[l - 1] + first);
        });
  });
}

/// The same for a tile of few points: it is turned and turned back, which costs less than to turn the weights.
inline void input_gradient_of_few(const InrFusedNetwork& network, long l, long rows, const float* parameters,
                                  const InrFusedScratch& scratch, float* gradient) {
  const InrColumns& columns = network.columns;
  const long points = (rows + inr_column_multiple - 1) / inr_column_multiple * inr_column_multiple;
  float* const delta = scratch.transposed;               // [padded, points]
  float* const below = delta + columns.padded * points;  // [padded, points]
  for (long r = 0; r < points; r += Lanes::width)
    for (long i = 0; i < columns.padded; i += Lanes::width)
      transpose(scratch.delta + r * columns.stride + i, columns.stride, delta + i * points + r, points);
  const float* const weight = parameters + network.weight[l];
  const long in_whole_panels = columns.padded / panel_columns * panel_columns;
  for_each_panel(points, [&](long first, long count) {
    const auto add = [&](auto outputs, long first_output, long depth) {
      multiply(
          columns.width, outputs, delta + first_output * points + first, points, depth, count,
          [&](long i) {
            float* const sum = below + i * points + first;
            return Target{sum, points, first_output == 0 ? nullptr : sum};
          },
          [](long, long) {});
    };
    const long rest = columns.padded - in_whole_panels;
    if (in_whole_panels > 0) add(ByPanels{weight, columns.padded * panel_columns}, 0, in_whole_panels);
    if (rest > 0) add(ByRows{weight + in_whole_panels * columns.padded, rest}, in_whole_panels, rest);
  });
  for (long r = 0; r < points; r += Lanes::width)
    for (long i = 0; i < columns.padded; i += Lanes::width)
      transpose(below + i * points + r, points, scratch.below + r * columns.stride + i, columns.stride);
  activation_backward(scratch.below, scratch.slope[l - 1], rows, columns, gradient + network.bias[l - 1]);
}

/// Gradient of the weight of layer l from dL/dz in scratch.delta. With `update` it goes from the registers into the
/// step.
inline void weight_gradient(const InrFusedNetwork& network, long l, long rows, bool fresh,
                            const InrFusedScratch& scratch, float* parameters, float* gradient,
                            const InrUpdate* update) {
  const InrColumns& columns = network.columns;
  const ByColumns input{scratch.h[l - 1], columns.stride};
  const auto each_panel = [&](const auto& result) {
    for_each_panel(columns.padded, [&](long first, long count) {
      const auto place = [&](long r) {
        const long at = network.weight[l] + first * columns.padded + r * count;
        return result(at, count, fresh ? nullptr : gradient + at);
      };
      multiply(columns.width, input, scratch.delta + first, columns.stride, rows, count, place, [](long, long) {});
    });
  };
  if (update) {
    const AdamUpdate adam(update->step);
    each_panel([&](long at, long row, const float* initial) {
      return Updated{adam, parameters + at, update->first + at, update->second + at, row, initial};
    });
  } else {
    each_panel([&](long at, long row, const float* initial) { return Target{gradient + at, row, initial}; });
  }
}

double train_tile(const InrFusedNetwork& network, float* parameters, const float* x, const float* target, long rows,
                  float scale, bool fresh, const InrFusedScratch& scratch_of_thread, float* gradient,
                  const InrUpdate* update) {
  InrFusedScratch scratch = scratch_of_thread;
  const InrColumns& columns = network.columns;
  if (fresh) clear_thin(network, gradient);
  forward(network, parameters, x, rows, scratch, scratch.y);
  const double squares = loss(scratch.y, target, scale, rows * network.channels);

  const long hidden = network.hidden_layers;
  const long last = hidden + 1;
  last_layer_backward(scratch.y, scratch.h[hidden], parameters + network.weight[last], rows, columns, network.channels,
                      scratch.delta, gradient + network.weight[last], gradient + network.bias[last]);
  activation_backward(scratch.delta, scratch.slope[hidden], rows, columns, gradient + network.bias[hidden]);
  for (long l = hidden; l >= 1; --l) {
    if (network.few_points)
      input_gradient_of_few(network, l, rows, parameters, scratch, gradient);
    else
      input_gradient(network, l, rows, scratch, gradient);
    weight_gradient(network, l, rows, fresh, scratch, parameters, gradient, update);
    float* const done = scratch.delta;
    scratch.delta = scratch.below;
    scratch.below = done;
  }
  first_layer_backward(scratch.delta, x, network.inputs, rows, columns, gradient + network.weight[0]);

  if (update) update_thin(network, gradient, parameters, *update);
  return squares;
}

}  // namespace

extern const InrFusedKernels inr_fused_kernels = {panel_columns, transpose_weights, forward, train_tile};

}  // namespace frugal::cpu::FRUGAL_ISA
