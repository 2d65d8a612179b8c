#include "datasets/catalog/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/catalog/locate.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::data {

FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs) {
  const auto path = locate(file, data_dirs);
  if (!path) return {FileState::missing, {}, "missing"};
  std::string sha;
  if (!file.sha256.empty() || !file.also_sha256.empty()) sha = sha256_file(*path);
  if (std::find(file.also_sha256.begin(), file.also_sha256.end(), sha) != file.also_sha256.end()) {
    return {FileState::good, *path, "sha256 of a known variant"};
  }
  const std::uint64_t bytes = std::filesystem::file_size(*path);
  if (file.bytes != 0 && bytes != file.bytes) {
    return {FileState::wrong_size, *path, fmt::format("{} bytes, should be {}", bytes, file.bytes)};
  }
  const auto compare = [&](const char* kind, const std::string& published, const std::string& actual) -> FileCheck {
    if (published == actual) return {FileState::good, *path, kind};
    return {FileState::wrong_hash, *path, fmt::format("{} {}, should be {}", kind, actual, published)};
  };
  if (!file.sha256.empty()) return compare("sha256", file.sha256, sha);
  if (!file.git_blob.empty()) return compare("git blob", file.git_blob, git_blob_id(*path));
  if (!file.md5.empty()) return compare("md5", file.md5, md5_file(*path));
  if (!file.also_sha256.empty()) return {FileState::wrong_hash, *path, "sha256 " + sha + " is of no known variant"};
  return {FileState::size_only, *path, "no published hash: size only"};
}

}  // namespace frugal::data
