#include "datasets/catalog/check.hpp"

#include "datasets/catalog/locate.hpp"

namespace frugal::data {

PublishedFile published(const ManifestFile& file) {
  PublishedFile facts{.bytes = file.bytes, .git_blob = file.git_blob, .md5 = file.md5};
  if (!file.sha256.empty()) facts.sha256.push_back(file.sha256);
  facts.sha256.insert(facts.sha256.end(), file.also_sha256.begin(), file.also_sha256.end());
  return facts;
}

FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs) {
  const auto path = locate(file, data_dirs);
  if (!path) return {FileState::missing, {}, "missing"};
  return check_published(*path, published(file));
}

}  // namespace frugal::data
