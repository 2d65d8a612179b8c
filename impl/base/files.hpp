// Whole files in one go, written so that nobody ever sees half of one.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace frugal {

/// Throws UserError when the file cannot be read.
std::string read_whole_file(const std::filesystem::path& path);

/// The first `bytes` bytes, or all when the file is shorter. Throws as read_whole_file().
std::string read_file_start(const std::filesystem::path& path, std::size_t bytes);

/// A name beside `path` that no other process uses.
std::filesystem::path temporary_beside(const std::filesystem::path& path);

/// Writes a temporary file beside `path` and renames it. Throws UserError when that fails.
void write_whole_file(const std::filesystem::path& path, std::string_view bytes);

/// A temporary file beside `target` that disappears unless it is published.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  const std::filesystem::path& path() const { return temporary_; }
  /// Renames to the target. Throws UserError.
  void publish();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool published_ = false;
};

}  // namespace frugal
