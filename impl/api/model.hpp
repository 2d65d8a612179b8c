// What every model of every back end can do besides training: give and take its whole state by named tensors.
#pragma once
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impl/common/safetensors.hpp"
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

  /// Writes export_state(), and behind it the tensors `more`, as a safetensors file. Throws OutputError.
  virtual void save(const std::filesystem::path& path, std::span<const NamedTensor> more = {}) const {
    ModelState state = export_state();
    state.tensors.insert(state.tensors.end(), more.begin(), more.end());
    save_safetensors(path, state);
  }

  /// import_state() of a file, but for its tensors whose names begin with `beside`, where that is not empty: these are
  /// returned, with the step. Throws UserError where the file cannot be read, and as import_state().
  virtual ModelState load(const std::filesystem::path& path, std::string_view beside = {}) {
    ModelState state = load_safetensors(path);
    ModelState rest{.step = state.step, .tensors = {}};
    const auto is_beside = [&](const NamedTensor& tensor) {
      return !beside.empty() && tensor.name.starts_with(beside);
    };
    std::ranges::copy_if(state.tensors, std::back_inserter(rest.tensors), is_beside);
    std::erase_if(state.tensors, is_beside);
    import_state(state);
    return rest;
  }
};

}  // namespace frugal
