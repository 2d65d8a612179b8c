// Small signals and functions shared by the tests of the ensemble.
#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/common/philox.hpp"
#include "tests/impl/model_state.hpp"

namespace frugal::inr_test {

inline std::int64_t signal_size(const InrSpec& spec, int resolution) {
  return spec.networks() * resolution * resolution * spec.channels;
}

/// Values in [-1, 1] that depend on nothing but the index.
inline std::vector<float> noise(const InrSpec& spec) {
  const Philox random(99, Purpose::test);
  std::vector<float> pixels(static_cast<std::size_t>(signal_size(spec, spec.tile)));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = 2 * random.uniform(i) - 1;
  return pixels;
}

inline std::unique_ptr<InrEnsemble> make(const std::string& backend, const InrSpec& spec) {
  auto model = find_backend(backend)->make(spec);
  model->set_signal(noise(spec));
  return model;
}

inline std::vector<float> rendered(const InrEnsemble& model, const InrSpec& spec, int resolution) {
  std::vector<float> picture(static_cast<std::size_t>(signal_size(spec, resolution)));
  model.render(resolution, picture);
  return picture;
}

}  // namespace frugal::inr_test
