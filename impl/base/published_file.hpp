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
};

enum class FileState {
  good,        ///< one of the hashes agrees
  missing,     ///< there is no file
  wrong_size,  ///< no hash agrees, and the size shows it
  wrong_hash,  ///< no hash agrees
  size_only    ///< no hash is published; the size agrees, or is unknown too
};
struct FileCheck {
  FileState state = FileState::missing;
  std::filesystem::path path;  ///< empty when missing
  std::string detail;          ///< one line: which hash agreed, or both values

  bool is_published() const { return state == FileState::good || state == FileState::size_only; }
};

/// sha256: of the file, where the caller has it; else it is computed when needed. Throws UserError when the file cannot
/// be read.
FileCheck check_published(const std::filesystem::path& path, const PublishedFile& published, std::string sha256 = "");

}  // namespace frugal
