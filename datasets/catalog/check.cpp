#include "datasets/catalog/check.hpp"

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "datasets/catalog/locate.hpp"
#include "datasets/formats/byte_stream.hpp"
#include "impl/base/files.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::data {
namespace {

FileCheck check_unpacked(const std::filesystem::path& path, const PublishedFile& published) {
  const PendingFile unpacked(std::filesystem::temp_directory_path() / path.filename());
  FileWriter plain(unpacked.path());
  ByteStream packed(path);
  std::vector<char> block(std::size_t{1} << 20);
  while (const std::size_t got = packed.read(block.data(), block.size())) plain.write({block.data(), got});
  plain.finish();
  return check_published(unpacked.path(), published);
}

/// What a compressed form of the published file can be held against: no more than is published of the file.
PublishedFile facts_of_packed(const std::filesystem::path& path, const PublishedFile& published) {
  const FileCheck unpacked = check_unpacked(path, published);
  if (unpacked.differs()) return published;
  if (unpacked.state == FileState::size_only) return {.bytes = std::filesystem::file_size(path)};
  return {.sha256 = {sha256_file(path)}};
}

}  // namespace

PublishedFile published(const ManifestFile& file) {
  PublishedFile facts{.bytes = file.bytes, .git_blob = file.git_blob, .md5 = file.md5};
  if (!file.sha256.empty()) facts.sha256.push_back(file.sha256);
  facts.sha256.insert(facts.sha256.end(), file.also_sha256.begin(), file.also_sha256.end());
  return facts;
}

PublishedFile published(const ManifestFile& file, const std::filesystem::path& path) {
  PublishedFile facts = published(file);
  if (facts.is_unknown() || path.filename() == std::filesystem::path(file.path).filename()) return facts;
  // What is published is the file, not this compressed form of it: where they agree, what is known of the form will do.
  using Known = std::tuple<std::filesystem::path, std::uintmax_t, std::filesystem::file_time_type>;
  static std::map<Known, PublishedFile> known;
  const Known key{path, std::filesystem::file_size(path), std::filesystem::last_write_time(path)};
  if (!known.contains(key)) known[key] = facts_of_packed(path, facts);
  return known[key];
}

FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs) {
  const auto path = locate(file, data_dirs);
  if (!path) return {FileState::missing, {}, "missing"};
  return check_published(*path, published(file, *path));
}

}  // namespace frugal::data
