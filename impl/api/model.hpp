// What every model of every back end can do besides training: give and take its whole state by named tensors.
#pragma once
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

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
    const auto rest = std::ranges::stable_partition(
        state.tensors, [&](const NamedTensor& tensor) { return beside.empty() || !tensor.name.starts_with(beside); });
    ModelState returned{.step = state.step, .tensors = {}};
    std::ranges::move(rest, std::back_inserter(returned.tensors));
    state.tensors.erase(rest.begin(), rest.end());
    import_state(state);
    return returned;
  }
};

}  // namespace frugal
