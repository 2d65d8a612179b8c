// The parts of the InrEnsemble contract that are data, not arithmetic: names and shapes of the state tensors, initial
// values, coordinates, learning rates. Every back end takes them from here, so that all start from the same bits.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impl/base/host_device.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/specs.hpp"
#include "impl/common/state.hpp"

namespace frugal {

/// One parameter tensor of an ensemble: weight [K, out, in] or bias [K, out] of a layer.
struct InrTensor {
  int layer = 0;         ///< from 0
  bool bias = false;     ///< or a weight
  std::int64_t out = 0;  ///< outputs of the layer
  std::int64_t in = 0;   ///< 1 for a bias

  std::string name() const;                       ///< "layer.<l>.weight"
  std::int64_t size() const { return out * in; }  ///< values of one network
  /// Of the random words that its initial values are made of.
  std::uint32_t stream() const { return static_cast<std::uint32_t>(2 * layer + (bias ? 1 : 0)); }
};

/// The tensors in order: layer 0 weight, layer 0 bias, layer 1 weight, ...
std::vector<InrTensor> inr_tensors(const InrSpec& spec);
/// Of one in a state: [K, out, in], a bias [K, out].
std::vector<std::int64_t> inr_shape(const InrSpec& spec, const InrTensor& tensor);

/// How far initial values reach (contract: impl/api/inr_ensemble.hpp).
double inr_bound(const InrSpec& spec, const InrTensor& tensor);
/// One of U(+-bound): (2u - 1) * bound, rounded once to fp32.
FRUGAL_HOST_DEVICE inline float inr_initial_value(std::uint32_t word, float bound) {
  return (2 * Philox::to_unit(word) - 1) * bound;
}
/// Initial values [K, out, in]: value i is that of word i of the tensor's stream of Philox(seed, Purpose::weights).
std::vector<float> inr_initial_values(const InrSpec& spec, const InrTensor& tensor);
/// Some of them into `values`: first, first + 1, ... of [K, out, in].
void inr_initial_values(const InrSpec& spec, const InrTensor& tensor, std::int64_t first, std::span<float> values);

/// Points of a regular grid over a tile, row-major: [product of shape, dimensions]. Point i of n along one dimension is
/// at -1 + 2 i / (n - 1), rounded to fp32; 0 when n is 1.
std::vector<float> grid_coordinates(std::span<const int> shape);

/// Of step t, counted from 1: see LearningRateSchedule.
double learning_rate_at(const InrSpec& spec, std::uint64_t t);

/// The three copies of the parameters that make the state: the values and Adam's two moments.
inline constexpr const char* inr_state_prefixes[] = {"", "adam.m/", "adam.v/"};

/// Index into inr_state_prefixes and into `tensors` for each tensor of `state`.
struct InrTarget {
  int copy = 0;            ///< 0 the values, 1 Adam's first moments, 2 its second
  std::size_t tensor = 0;  ///< in the order of inr_tensors()
};
/// Where each tensor of `state` goes, in its order. Throws std::invalid_argument on an unknown or repeated name or a
/// wrong shape.
std::vector<InrTarget> inr_import_targets(const InrSpec& spec, const ModelState& state);

/// What every back end asks of a spec, whatever it can do; empty when it is sound, else the reason.
std::string why_invalid(const InrSpec& spec);

}  // namespace frugal
