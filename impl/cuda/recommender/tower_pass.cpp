#include "impl/cuda/recommender/tower_pass.hpp"

#include <cassert>

namespace frugal::cuda {
TowerLayers::TowerLayers(const std::vector<DenseShape>& shapes, unsigned output_padded)
    : count(static_cast<std::uint32_t>(shapes.size())), layer{}, parameters(0), shared_weights(0), inputs_padded(0) {
  assert(count >= 1 && count <= most_tower_layers);
  for (std::uint32_t l = 0; l < count; ++l) {
    TowerLayer& own = layer[l];
    own.in = static_cast<std::uint32_t>(shapes[l].in);
    own.out = static_cast<std::uint32_t>(shapes[l].out);
    own.in_padded = padded_width(own.in);
    own.out_padded = l + 1 == count ? output_padded : padded_width(own.out);
    own.weight = parameters;
    own.bias = own.weight + own.out_padded * own.in_padded;
    parameters = own.bias + own.out_padded;
    own.shared = shared_weights;
    shared_weights += own.out_padded * own.in_padded;
    own.inputs_before = inputs_padded;
    inputs_padded += own.in_padded;
  }
  parameters = (parameters + update_share - 1) / update_share * update_share;
}

unsigned output_width(int width) {
  for (const unsigned padded : {32U, 64U, 128U})
    if (static_cast<unsigned>(width) <= padded) return padded;
  return 0;
}

std::size_t forward_bytes(const TowerLayers& layers, unsigned rows) {
  return sizeof(float) * (layers.shared_weights + low_distance + std::size_t{rows} * layers.inputs_padded);
}

std::size_t learn_bytes(const TowerLayers& layers, unsigned rows) {
  return sizeof(float) * (layers.shared_weights + low_distance + std::size_t{rows} * row_low_values(layers)) +
         sizeof(TowerSegment) * segments_a_row * rows;
}

}  // namespace frugal::cuda
