// What every model of every back end can do besides training: give and take its whole state by named tensors.
#pragma once
#include <string>

#include "impl/common/state.hpp"

namespace frugal {

/// A model in training. Not to be used by several threads at a time.
class Model {
 public:
  virtual ~Model() = default;

  /// Name of what really ran, for the record: "reference", "cpu/onednn-3.2/avx512", ...
  virtual std::string implementation() const = 0;

  /// Every tensor and the step count: what training needs to go on elsewhere.
  virtual ModelState export_state() const = 0;

  /// Replaces the named tensors and leaves the others. Sets the step count.
  /// Throws std::invalid_argument on an unknown name or a wrong shape, before anything is changed.
  virtual void import_state(const ModelState& state) = 0;
};

}  // namespace frugal
