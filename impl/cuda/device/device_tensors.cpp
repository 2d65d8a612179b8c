#include "impl/cuda/device/device_tensors.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace frugal::cuda {

void DeviceTensors::add(std::string name, std::vector<std::int64_t> shape, DeviceBuffer<float>& buffer, std::size_t at,
                        std::size_t stride) {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
  const std::size_t columns = static_cast<std::size_t>(shape.back());
  views_.push_back({std::move(name), std::move(shape), &buffer, at, columns == 0 ? 0 : size / columns, columns,
                    stride == 0 ? columns : stride});
}

ModelState DeviceTensors::export_state(std::uint64_t step, const Stream& stream) const {
  ModelState state{.step = step, .tensors = {}};
  for (const View& view : views_) {
    NamedTensor tensor{view.name, view.shape, std::vector<float>(view.rows * view.columns)};
    if (view.stride == view.columns) {
      view.buffer->download(std::span(tensor.values), stream, view.at);
    } else {
      std::vector<float> all(view.span());
      view.buffer->download(std::span(all), stream, view.at);
      for (std::size_t r = 0; r < view.rows; ++r)
        std::copy_n(all.data() + r * view.stride, view.columns, tensor.values.data() + r * view.columns);
    }
    state.tensors.push_back(std::move(tensor));
  }
  return state;
}

void DeviceTensors::import_state(const ModelState& state, const Stream& stream) {
  std::vector<const View*> targets;
  for (const NamedTensor& tensor : state.tensors) {
    const View* target = find(tensor.name);
    if (!target) throw std::invalid_argument("the model has no tensor \"" + tensor.name + "\"");
    if (target->shape != tensor.shape || target->rows * target->columns != tensor.values.size())
      throw std::invalid_argument("tensor \"" + tensor.name + "\" has another shape than the model's");
    targets.push_back(target);
  }
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const View& view = *targets[t];
    const std::vector<float>& values = state.tensors[t].values;
    if (view.stride == view.columns) {
      view.buffer->upload(values, stream, view.at);
    } else {
      std::vector<float> all = with_gaps(values, view.columns, view.stride);
      all.resize(view.span());
      view.buffer->upload(all, stream, view.at);
    }
  }
}

const DeviceTensors::View* DeviceTensors::find(const std::string& name) const {
  for (const View& view : views_)
    if (view.name == name) return &view;
  return nullptr;
}

std::vector<float> with_gaps(const std::vector<float>& values, std::size_t columns, std::size_t stride) {
  const std::size_t rows = values.size() / columns;
  std::vector<float> all(rows * stride, 0.F);
  for (std::size_t r = 0; r < rows; ++r) std::copy_n(values.data() + r * columns, columns, all.data() + r * stride);
  return all;
}

}  // namespace frugal::cuda
