// What the fuzz targets share.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace frugal::fuzz {

/// Ends the run also where assertions are compiled out.
inline void require(bool promise) {
  if (!promise) std::abort();
}

inline std::string_view bytes_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Splits an input at the byte 0xff, which no text holds; what follows the last part is dropped.
template <std::size_t count>
std::array<std::string_view, count> parts_of(std::string_view bytes) {
  std::array<std::string_view, count> parts{};
  for (std::string_view& part : parts) {
    const auto end = bytes.find('\xff');
    part = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  return parts;
}

/// A file in memory only: fuzzing at thousands of files a second would wear out a disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    require(descriptor_ >= 0 && ::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace frugal::fuzz
