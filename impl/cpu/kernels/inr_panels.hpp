// What the kernels that train a network whole (inr_fused.cpp, inr_bf16.cpp) share: the panels of the hidden weights and
// the thin parts of a gradient. Only kernels include this.
#pragma once
#include "impl/cpu/kernels/adam.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"
#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {

constexpr int most_registers = Lanes::width == 8 ? 2 : 4;
constexpr long panel_columns = most_registers * Lanes::width;
static_assert(panel_columns % inr_column_multiple == 0);

/// body(first column, columns) of each panel of so many columns.
template <class Body>
inline void for_each_panel(long columns, const Body& body) {
  for (long first = 0; first < columns; first += panel_columns) {
    const long left = columns - first;
    body(first, left < panel_columns ? left : panel_columns);
  }
}

/// A of a product, by rows: element (r, k), or pair k of row r, at data[r * stride + k].
template <class Element>
struct RowsOf {
  const Element* data;
  long stride;
  Element operator()(long r, long k) const { return data[r * stride + k]; }
  RowsOf from_row(long r) const { return {data + r * stride, stride}; }
};

/// A of a product, by columns: element (r, k), or pair k of row r, at data[k * stride + r].
template <class Element>
struct ColumnsOf {
  const Element* data;
  long stride;
  Element operator()(long r, long k) const { return data[k * stride + r]; }
  ColumnsOf from_row(long r) const { return {data + r, stride}; }
};

/// The columns of one panel, as the functions of inr_layers.hpp take them.
inline InrColumns columns_of_panel(const InrColumns& columns, long first, long count) {
  return {columns.width - first, count, columns.stride};
}

/// body(offset, values) of all parameters but the hidden weights.
template <class Body>
inline void for_each_thin(const InrFusedNetwork& network, const Body& body) {
  const long padded = network.columns.padded;
  body(network.weight[0], network.inputs * padded);
  for (long l = 0; l <= network.hidden_layers; ++l) body(network.bias[l], padded);
  const long last = network.hidden_layers + 1;
  body(network.weight[last], network.channels * padded);
  body(network.bias[last], network.channels);
}

/// Zero wherever a tile only adds: all but the hidden weights, which its first tile overwrites.
inline void clear_thin(const InrFusedNetwork& network, float* gradient) {
  for_each_thin(network, [gradient](long first, long count) {
    for (long i = first; i < first + count; ++i) gradient[i] = 0;
  });
}

/// The step of these parameters.
inline void update_thin(const InrFusedNetwork& network, const float* gradient, float* parameters,
                        const InrUpdate& update) {
  const AdamUpdate adam(update.step);
  for_each_thin(network, [&](long at, long count) {
    adam(gradient + at, parameters + at, update.first + at, update.second + at, count);
  });
}

}  // namespace frugal::cpu::FRUGAL_ISA
