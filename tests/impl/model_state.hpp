// Looking into model states.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "impl/common/state.hpp"

namespace frugal {

/// Same names, shapes and bits.
inline bool identical(const ModelState& a, const ModelState& b) {
  if (a.step != b.step || a.tensors.size() != b.tensors.size()) return false;
  for (std::size_t t = 0; t < a.tensors.size(); ++t)
    if (a.tensors[t].name != b.tensors[t].name || a.tensors[t].shape != b.tensors[t].shape ||
        a.tensors[t].values != b.tensors[t].values)
      return false;
  return true;
}

inline const std::vector<float>& values(const ModelState& state, const std::string& name) {
  const NamedTensor* tensor = state.find(name);
  if (!tensor) throw std::out_of_range("no tensor " + name);
  return tensor->values;
}

inline std::vector<float>& values(ModelState& state, const std::string& name) {
  return const_cast<std::vector<float>&>(values(std::as_const(state), name));
}

}  // namespace frugal
