// Small signals and functions shared by the tests of the ensemble.
#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/inr/layout.hpp"
#include "tests/impl/model_state.hpp"

namespace frugal::inr_test {

/// Points of a regular grid over a tile, `side` along each dimension of the spec.
inline std::vector<float> grid_of(const InrSpec& spec, int side) {
  return grid_coordinates(std::vector<int>(static_cast<std::size_t>(spec.inputs), side));
}

/// Side of the grid that spec.points make.
inline int side_of(const InrSpec& spec) {
  return static_cast<int>(std::lround(std::pow(static_cast<double>(spec.points), 1.0 / spec.inputs)));
}

/// Values in [-1, 1] that depend on nothing but the index.
inline std::vector<float> noise(const InrSpec& spec) {
  const Philox random(99, Purpose::test);
  std::vector<float> targets(static_cast<std::size_t>(spec.networks * spec.points * spec.channels));
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = 2 * random.uniform(i) - 1;
  return targets;
}

inline std::unique_ptr<InrEnsemble> make(const std::string& backend, const InrSpec& spec) {
  auto model = find_backend(backend)->make(spec);
  model->set_samples(grid_of(spec, side_of(spec)), noise(spec));
  return model;
}

inline std::vector<float> evaluated(const InrEnsemble& model, const InrSpec& spec, int side) {
  const std::vector<float> x = grid_of(spec, side);
  std::vector<float> values(x.size() / static_cast<std::size_t>(spec.inputs) *
                            static_cast<std::size_t>(spec.networks * spec.channels));
  model.evaluate(x, values);
  return values;
}

}  // namespace frugal::inr_test
