// A model's tensors by name, over device memory that the model owns: how ModelState is made and taken back.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "impl/common/state.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

class DeviceTensors {
 public:
  /// `buffer` must outlive this and never move. The tensor starts at element `at`; rows of its last extent are `stride`
  /// floats apart (0: no gap), and what lies between them is neither read nor written.
  void add(std::string name, std::vector<std::int64_t> shape, DeviceBuffer<float>& buffer, std::size_t at = 0,
           std::size_t stride = 0);

  ModelState export_state(std::uint64_t step, const Stream& stream) const;

  /// Throws std::invalid_argument on an unknown name or a wrong shape, before anything is changed.
  void import_state(const ModelState& state, const Stream& stream);

 private:
  struct View {
    std::string name;
    std::vector<std::int64_t> shape;
    DeviceBuffer<float>* buffer;
    std::size_t at;
    std::size_t rows;
    std::size_t columns;
    std::size_t stride;

    std::size_t span() const { return rows == 0 ? 0 : (rows - 1) * stride + columns; }
  };

  const View* find(const std::string& name) const;

  std::vector<View> views_;
};

/// [rows, columns] without gaps to rows that are `stride` floats apart, with zeros between them.
std::vector<float> with_gaps(const std::vector<float>& values, std::size_t columns, std::size_t stride);

}  // namespace frugal::cuda
