// The SHA-256 of files, computed once: a cache that is trusted only while a file's size, times and inode are what they
// were, as git trusts its index.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace frugal::harness {

struct FileContent {
  std::string sha256;
  std::uint64_t bytes = 0;
};

class FileHashes {
 public:
  /// `cache`: a JSON file that later processes read; one that cannot be read or written is done without.
  explicit FileHashes(std::filesystem::path cache);
  ~FileHashes();
  FileHashes(const FileHashes&) = delete;
  FileHashes& operator=(const FileHashes&) = delete;

  /// Throws UserError when the file cannot be read.
  FileContent of(const std::filesystem::path& path);

 private:
  /// What changes when a file does, to the nanosecond.
  struct Stamp {
    std::uint64_t bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  ///< also when somebody set `modified` back
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    Stamp stamp;
    std::string sha256;
  };
  using Entries = std::map<std::string, Entry>;

  static Stamp stamp_of(const std::filesystem::path& path);
  Entries read() const;
  void write();

  std::filesystem::path cache_;
  Entries entries_;  ///< by absolute path
  bool saved_ = true;
};

}  // namespace frugal::harness
