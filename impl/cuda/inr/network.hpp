// Where the parameters of a coordinate network lie on a device; its gradient and Adam's moments lie the same way.
//
// Widths are padded to a multiple of 8, or of 16 for tensor cores. A weight is kept [in, out], rows `row` floats apart
// (the last layer: `last_row`), so that a thread reads four outputs at once; its bias follows. The padding is zero,
// gets zero gradients and so stays zero.
#pragma once
#include <cmath>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/kernels/maths.hpp"

namespace frugal::cuda {

struct InrNetwork {
  int inputs = 0;
  int channels = 0;
  int hidden_layers = 0;  ///< of width x width
  int width = 0;
  int padded = 0;           ///< width, rounded up
  int padded_channels = 0;  ///< channels, a multiple of 4
  int row = 0;              ///< padded + 4: rows of a layer start in different banks of shared memory
  int last_row = 0;         ///< padded_channels
  int count = 0;            ///< floats of a network, a multiple of 4
  Activation activation = Activation::sine;
  Precision precision = Precision::fp32;  ///< of the padded x padded products
  float first_omega = 0;
  float omega = 0;
  float scale = 0;

  FRUGAL_HOST_DEVICE int layers() const { return hidden_layers + 2; }
  FRUGAL_HOST_DEVICE int rows_of(int layer) const { return layer == 0 ? inputs : padded; }
  FRUGAL_HOST_DEVICE int row_of(int layer) const { return layer == hidden_layers + 1 ? last_row : row; }
  FRUGAL_HOST_DEVICE int weight_at(int layer) const {
    if (layer == 0) return 0;
    return inputs * row + padded + (layer - 1) * (padded * row + padded);
  }
  FRUGAL_HOST_DEVICE int bias_at(int layer) const { return weight_at(layer) + rows_of(layer) * row_of(layer); }
  FRUGAL_HOST_DEVICE InrFunction function_of(int layer) const {
    return {activation, layer == 0 ? first_omega : omega, scale};
  }
};

inline InrNetwork inr_network(const InrSpec& spec) {
  const int multiple = spec.precision == Precision::fp32 ? 8 : 16;
  InrNetwork net{.inputs = spec.inputs,
                 .channels = spec.channels,
                 .hidden_layers = spec.hidden_layers,
                 .width = spec.width,
                 .padded = (spec.width + multiple - 1) / multiple * multiple,
                 .padded_channels = (spec.channels + 3) / 4 * 4,
                 .activation = spec.activation,
                 .precision = spec.precision,
                 .first_omega = static_cast<float>(spec.first_omega0),
                 .omega = static_cast<float>(spec.omega0),
                 .scale = static_cast<float>(spec.scale)};
  net.row = net.padded + 4;
  net.last_row = net.padded_channels;
  net.count = net.bias_at(spec.layers() - 1) + net.padded_channels;
  return net;
}

/// The count of inr_network(), also where 32 bits are too few for it.
inline double inr_floats(const InrSpec& spec) {
  const double multiple = spec.precision == Precision::fp32 ? 8 : 16;
  const double padded = std::ceil(spec.width / multiple) * multiple;
  const double padded_channels = std::ceil(spec.channels / 4.0) * 4;
  const double row = padded + 4;
  return spec.inputs * row + padded + spec.hidden_layers * (padded * row + padded) + (padded + 1) * padded_channels;
}

}  // namespace frugal::cuda
