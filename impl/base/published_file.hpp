// Is a file the published one? Whatever its publisher gives decides: a hash of some kind, else the size.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace frugal {

/// What is published of a file; any of it may be missing.
struct PublishedFile {
  std::uint64_t bytes = 0;            ///< 0: unknown
  std::vector<std::string> sha256{};  ///< of the file, and of other forms that hold the same data
  std::string git_blob{};
  std::string md5{};

  /// Neither a hash nor a size: nothing that a file could be held against.
  bool is_unknown() const { return bytes == 0 && sha256.empty() && git_blob.empty() && md5.empty(); }
};

enum class FileState {
  good,        ///< one of the hashes agrees
  missing,     ///< there is no file
  wrong_size,  ///< no hash agrees, and the size shows it
  wrong_hash,  ///< no hash agrees
  size_only,   ///< no hash is published; the size agrees
  unchecked    ///< there is a file, and nothing is published of it to compare
};
struct FileCheck {
  FileState state = FileState::missing;
  std::filesystem::path path;  ///< empty when missing
  std::string detail;          ///< one line: which hash agreed, both values, or why nothing was compared

  /// There is a file, and it is not the published one.
  bool differs() const { return state == FileState::wrong_size || state == FileState::wrong_hash; }
};

/// Of a file that is there. sha256: its own, where the caller has it; else it is computed when needed. Throws UserError
/// when the file cannot be read.
FileCheck check_published(const std::filesystem::path& path, const PublishedFile& published, std::string sha256 = "");

}  // namespace frugal
