#include "benchmarks/harness/cli/data_folders.hpp"

#include <cstdlib>
#include <string_view>

namespace frugal::harness {

std::filesystem::path data_cache_dir() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::filesystem::path(cache) / "frugal";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : ".") / ".cache" / "frugal";
}

std::vector<std::filesystem::path> data_dirs_from(const std::vector<std::string>& given) {
  std::vector<std::filesystem::path> dirs(given.begin(), given.end());
  if (const char* list = std::getenv("FRUGAL_DATA")) {
    std::string_view rest(list);
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (colon != 0) dirs.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  dirs.push_back(data_cache_dir());
  return dirs;
}

}  // namespace frugal::harness
