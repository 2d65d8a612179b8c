#include "impl/cpu/caches.hpp"

#include <fstream>
#include <string>

namespace frugal::cpu {
namespace {

std::array<double, 3> read_sizes() {
  std::array<double, 3> sizes{32 * 1024., 1024 * 1024., 32 * 1024 * 1024.};
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::size_t level = 0;
    double kibibytes = 0;
    std::string type;
    if (!(std::ifstream(folder + "level") >> level) || !(std::ifstream(folder + "size") >> kibibytes) ||
        !(std::ifstream(folder + "type") >> type))
      continue;
    if (type != "Instruction" && level >= 1 && level <= sizes.size()) sizes[level - 1] = kibibytes * 1024;
  }
  return sizes;
}

}  // namespace

const std::array<double, 3>& cache_bytes() {
  static const std::array<double, 3> sizes = read_sizes();
  return sizes;
}

}  // namespace frugal::cpu
