// cooperation.hpp on the processor. Only that header includes this.
#pragma once
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>

#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// Offsets into the block's dynamic shared memory.
inline std::uint32_t shared_address(const void* pointer) {
  const auto offset =
      static_cast<const std::byte*>(pointer) - static_cast<const std::byte*>(host_shim::dynamic_shared());
  assert(offset >= 0 && "dynamic shared memory only");
  return static_cast<std::uint32_t>(offset);
}

inline void named_barrier(unsigned id, unsigned threads, std::source_location at = std::source_location::current()) {
  host_shim::named_barrier(id, threads, at);
}

inline void raise_flag(unsigned* flag) { ++*flag; }
inline void wait_for_flag(const unsigned* flag, unsigned target,
                          std::source_location at = std::source_location::current()) {
  host_shim::wait_for_flag(flag, target, at);
}

inline void copy_async(std::uint32_t to, const void* from) { host_shim::copy_later(to, from); }
inline void commit_copies() { host_shim::close_copies(); }
template <int pending>
void wait_for_copies() {
  host_shim::finish_copies(pending);
}

inline void prefetch(const void* from) { static_cast<void>(*static_cast<const volatile std::byte*>(from)); }
inline void store_async(void* to, std::uint32_t from, std::uint32_t bytes) {
  std::memcpy(to, host_shim::shared_at(from, bytes), bytes);
}
inline void wait_for_stores() {}
inline void publish_to_copies() {}

inline void arrive_at_cluster() { host_shim::arrive_at_cluster(); }
inline void wait_for_cluster(std::source_location at = std::source_location::current()) {
  host_shim::wait_for_cluster(at);
}
inline unsigned cluster_rank() { return host_shim::cluster_rank(); }

inline float4 load_of_cluster(std::uint32_t address, unsigned rank) {
  return *static_cast<const float4*>(host_shim::shared_of_cluster(address, rank, sizeof(float4)));
}
inline void store_to_cluster(std::uint32_t address, unsigned rank, const float4& v) {
  *static_cast<float4*>(host_shim::shared_of_cluster(address, rank, sizeof(float4))) = v;
}

}  // namespace frugal::cuda
