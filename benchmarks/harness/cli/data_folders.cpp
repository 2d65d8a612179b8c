#include "benchmarks/harness/cli/data_folders.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace frugal::harness {
namespace {

/// By whatever path: through a link, with a slash at its end. Of folders that are not there the path decides.
bool is_same_folder(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code ignored;
  if (std::filesystem::equivalent(a, b, ignored)) return true;
  const auto plain = [&](const std::filesystem::path& path) {
    return (std::filesystem::absolute(path, ignored) / "").lexically_normal();
  };
  return plain(a) == plain(b);
}

}  // namespace

bool add_data_dir(std::vector<std::filesystem::path>& dirs, const std::filesystem::path& folder) {
  if (std::ranges::any_of(dirs, [&](const auto& dir) { return is_same_folder(dir, folder); })) return false;
  dirs.push_back(folder);
  return true;
}

std::filesystem::path data_cache_dir() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::filesystem::path(cache) / "frugal";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : ".") / ".cache" / "frugal";
}

std::vector<std::filesystem::path> data_dirs_from(const std::vector<std::string>& given) {
  std::vector<std::filesystem::path> dirs;
  for (const std::string& folder : given) add_data_dir(dirs, folder);
  if (const char* list = std::getenv("FRUGAL_DATA")) {
    std::string_view rest(list);
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (colon != 0) add_data_dir(dirs, rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  add_data_dir(dirs, data_cache_dir());
  return dirs;
}

}  // namespace frugal::harness
