#include "impl/base/published_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "impl/base/sha256.hpp"

namespace frugal {

FileCheck check_published(const std::filesystem::path& path, const PublishedFile& published, std::string sha256) {
  const std::uint64_t bytes = std::filesystem::file_size(path);
  if (published.is_unknown()) return {FileState::unchecked, path, "not checked: nothing is published of it"};
  // The first that is published is what a failure shows.
  std::string difference;
  const auto differs = [&](const char* kind, const std::string& actual, const std::string& wanted) {
    if (difference.empty()) difference = fmt::format("{} {}, should be {}", kind, actual, wanted);
  };
  if (!published.sha256.empty()) {
    if (sha256.empty()) sha256 = sha256_file(path);
    const auto known = std::ranges::find(published.sha256, sha256);
    if (known == published.sha256.begin()) return {FileState::good, path, "sha256"};
    if (known != published.sha256.end()) return {FileState::good, path, "sha256 of a known variant"};
    differs("sha256", sha256, published.sha256.front());
  }
  if (!published.git_blob.empty()) {
    const std::string id = git_blob_id(path);
    if (id == published.git_blob) return {FileState::good, path, "git blob"};
    differs("git blob", id, published.git_blob);
  }
  if (!published.md5.empty()) {
    const std::string md5 = md5_file(path);
    if (md5 == published.md5) return {FileState::good, path, "md5"};
    differs("md5", md5, published.md5);
  }
  if (published.bytes != 0 && bytes != published.bytes)
    return {FileState::wrong_size, path, fmt::format("{} bytes, should be {}", bytes, published.bytes)};
  if (!difference.empty()) return {FileState::wrong_hash, path, difference};
  return {FileState::size_only, path, "no published hash: size only"};
}

}  // namespace frugal
