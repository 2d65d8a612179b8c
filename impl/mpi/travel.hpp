// What rank 0 tells and the others hear in a call: values, arrays, states. Each tell has its hear.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/state.hpp"

namespace frugal::mpi {

template <class T>
void tell_values(Communicator& ranks, std::span<const T> values) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::uint64_t size = values.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  // Rank 0's bytes are only read.
  ranks.broadcast({reinterpret_cast<std::byte*>(const_cast<T*>(values.data())), values.size_bytes()});
}

/// Values: a std::vector or a std::string.
template <class Values>
Values hear_values(Communicator& ranks) {
  std::uint64_t size = 0;
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  Values values;
  values.resize(size);
  ranks.broadcast(std::as_writable_bytes(std::span(values.data(), values.size())));
  return values;
}

template <class T>
void tell(Communicator& ranks, const T& value) {
  tell_values(ranks, std::span(&value, 1));
}

template <class T>
T hear(Communicator& ranks) {
  return hear_values<std::vector<T>>(ranks).at(0);
}

inline void tell_state(Communicator& ranks, const ModelState& state) {
  tell(ranks, state.step);
  tell(ranks, std::uint64_t{state.tensors.size()});
  for (const NamedTensor& tensor : state.tensors) {
    tell_values(ranks, std::span<const char>(tensor.name));
    tell_values(ranks, std::span<const std::int64_t>(tensor.shape));
    tell_values(ranks, std::span<const float>(tensor.values));
  }
}

inline ModelState hear_state(Communicator& ranks) {
  ModelState state{.step = hear<std::uint64_t>(ranks), .tensors = {}};
  state.tensors.resize(hear<std::uint64_t>(ranks));
  for (NamedTensor& tensor : state.tensors) {
    tensor.name = hear_values<std::string>(ranks);
    tensor.shape = hear_values<std::vector<std::int64_t>>(ranks);
    tensor.values = hear_values<std::vector<float>>(ranks);
  }
  return state;
}

}  // namespace frugal::mpi
