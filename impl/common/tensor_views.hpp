// A model's tensors by name, over storage that the model owns: how ModelState is made and taken back.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "impl/common/state.hpp"

namespace frugal {

/// The tensors of a model. Real: float or double; the state itself is always fp32. The storage must outlive this and
/// never move.
template <class Real>
class TensorViews {
 public:
  /// `data`: as many values as the product of the extents of `shape`.
  void add(std::string name, std::vector<std::int64_t> shape, Real* data) {
    std::size_t size = 1;
    for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
    views_.push_back({std::move(name), std::move(shape), data, size});
  }

  /// body(name, shape, data) of each, in the order in which they were added.
  template <class Body>
  void for_each(const Body& body) const {
    for (const View& view : views_) body(view.name, view.shape, view.data);
  }

  /// All tensors, rounded to fp32, in the order in which they were added.
  ModelState export_state(std::uint64_t step) const {
    ModelState state{.step = step, .tensors = {}};
    for (const View& view : views_) {
      NamedTensor tensor{view.name, view.shape, std::vector<float>(view.size)};
      for (std::size_t i = 0; i < view.size; ++i) tensor.values[i] = static_cast<float>(view.data[i]);
      state.tensors.push_back(std::move(tensor));
    }
    return state;
  }

  /// Overwrites the named tensors, leaves the others. Throws std::invalid_argument on an unknown name or a wrong shape,
  /// before anything is changed.
  void import_state(const ModelState& state) {
    std::vector<const View*> targets;
    for (const NamedTensor& tensor : state.tensors) {
      const View* target = find(tensor.name);
      if (!target) throw std::invalid_argument("the model has no tensor \"" + tensor.name + "\"");
      if (target->shape != tensor.shape || target->size != tensor.values.size())
        throw std::invalid_argument("tensor \"" + tensor.name + "\" has another shape than the model's");
      targets.push_back(target);
    }
    for (std::size_t t = 0; t < targets.size(); ++t)
      for (std::size_t i = 0; i < targets[t]->size; ++i)
        targets[t]->data[i] = static_cast<Real>(state.tensors[t].values[i]);
  }

 private:
  struct View {
    std::string name;
    std::vector<std::int64_t> shape;
    Real* data;
    std::size_t size;
  };

  const View* find(const std::string& name) const {
    for (const View& view : views_)
      if (view.name == name) return &view;
    return nullptr;
  }

  std::vector<View> views_;
};

}  // namespace frugal
