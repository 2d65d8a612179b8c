#include "benchmarks/harness/record/file_hashes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {
namespace {

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

/// A file that was written a moment ago may be written again under the same time stamp: too fresh to be remembered.
constexpr std::int64_t settled_ns = 2'000'000'000;

/// Bytes of a file whose hash takes long enough to be worth keeping at once, and not with the others at the end: those of
/// thousands of pictures would each write what all before them had.
constexpr std::uint64_t slow_to_hash = std::uint64_t{64} << 20;

bool is_settled(std::int64_t changed_ns) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now) - changed_ns > settled_ns;
}

}  // namespace

FileHashes::FileHashes(std::filesystem::path cache) : cache_(std::move(cache)), entries_(read()) {}

FileHashes::~FileHashes() {
  if (!saved_) write();
}

FileHashes::Stamp FileHashes::stamp_of(const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0)
    throw UserError(Place{path.string()}, fmt::format("cannot read: {}", std::strerror(errno)));
  return {static_cast<std::uint64_t>(facts.st_size), nanoseconds(facts.st_mtim), nanoseconds(facts.st_ctim),
          facts.st_ino};
}

FileContent FileHashes::of(const std::filesystem::path& path) {
  const std::string key = std::filesystem::absolute(path).lexically_normal().string();
  const Stamp stamp = stamp_of(path);
  const auto known = entries_.find(key);
  if (known != entries_.end() && known->second.stamp == stamp) return {known->second.sha256, stamp.bytes};
  const bool settled = is_settled(std::max(stamp.modified_ns, stamp.changed_ns));
  const std::string sha = sha256_file(path);
  if (settled && stamp_of(path) == stamp) {
    entries_[key] = {stamp, sha};
    saved_ = false;
    if (stamp.bytes >= slow_to_hash) write();
  }
  return {sha, stamp.bytes};
}

FileHashes::Entries FileHashes::read() const {
  Entries entries;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_whole_file(cache_));
    for (const auto& [path, one] : json.at("files").items())
      entries[path] = {{one.at("bytes"), one.at("modified_ns"), one.at("changed_ns"), one.at("inode")},
                       one.at("sha256")};
  } catch (const UserError&) {
    return {};  // not there yet
  } catch (const nlohmann::json::exception&) {
    return {};  // damaged: computed again
  }
  return entries;
}

void FileHashes::write() {
  saved_ = true;
  Entries all = read();  // another process may have added its own
  for (const auto& [path, entry] : entries_) all[path] = entry;
  nlohmann::json files = nlohmann::json::object();
  for (const auto& [path, entry] : all) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    files[path] = {{"bytes", entry.stamp.bytes},
                   {"modified_ns", entry.stamp.modified_ns},
                   {"changed_ns", entry.stamp.changed_ns},
                   {"inode", entry.stamp.inode},
                   {"sha256", entry.sha256}};
  }
  try {
    make_folders(cache_.parent_path());
    write_whole_file(cache_, nlohmann::json{{"schema", 1}, {"files", files}}.dump(1) + "\n");
  } catch (const OutputError&) {
    return;  // hashed again next time
  } catch (const nlohmann::json::exception&) {
    return;  // likewise: a path that is no UTF-8
  }
}

}  // namespace frugal::harness
