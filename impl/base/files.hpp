// Files: one way to read them, one to write them, one wording of what went wrong. What is written has its name only when
// it is whole and on the disk, so a crash leaves the old file or the new one, never half of one. What cannot be written
// is an OutputError, whatever the reason. Where these throw UserError, a failing disk is an UnavailableError.
#pragma once
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace frugal {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

/// A file opened for reading. Throws UserError when it cannot be.
FileHandle open_file(const std::filesystem::path& path);

/// Up to `count` bytes of a file to `to`; fewer only at its end. Throws UserError; `path` is for the message.
std::size_t read_piece(std::FILE* file, char* to, std::size_t count, const std::filesystem::path& path);

/// The bytes of a file. Throws UserError when it cannot be read.
std::string read_whole_file(const std::filesystem::path& path);

/// The same; empty where it cannot be read: for files of the kernel, which not every machine has.
std::string text_if_readable(const std::filesystem::path& path);

/// The first `bytes` bytes, or all when the file is shorter. Throws as read_whole_file().
std::string read_file_start(const std::filesystem::path& path, std::size_t bytes);

/// A text that a user wrote: a plan, a table spec. Throws as read_whole_file(), and when it is larger than
/// max_text_bytes (text.hpp).
std::string read_text_file(const std::filesystem::path& path);

/// Throws OutputError: "PATH: cannot WHAT: WHY", with errno's reason. For who calls the system itself.
[[noreturn]] void refuse_output(const std::string& what, const std::filesystem::path& path);

/// The same of a file that is written.
[[noreturn]] void fail_to_write(const std::filesystem::path& path);

/// A folder and those above it; false when it was there. Throws OutputError.
bool make_folders(const std::filesystem::path& folder);

/// Copies a file as FileWriter writes one. Throws UserError when it cannot be read, OutputError.
void copy_whole_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Replaces a file as FileWriter does. Throws OutputError.
void write_whole_file(const std::filesystem::path& path, std::string_view bytes);

/// Gives a finished file the name `to`, on the same file system: when this returns, bytes and name are on the disk.
/// Throws OutputError.
void publish_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// All bytes to a descriptor, however many calls it takes. False, with errno, when they cannot be written.
bool write_all(int descriptor, std::string_view bytes);

/// All bytes to the file of a descriptor; when this returns they are on the disk. Throws OutputError; `path` is for
/// the message.
void write_durably(int descriptor, std::string_view bytes, const std::filesystem::path& path);

/// Makes new names in a folder durable, where its file system can.
void sync_folder(const std::filesystem::path& folder);

/// A name beside `path` that no other process uses.
std::filesystem::path temporary_beside(const std::filesystem::path& path);

/// A temporary file beside `target` that disappears unless it is published. A link stands for what it points to; a pipe
/// or a device (/dev/stdout) cannot be replaced and is written to as it is.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  const std::filesystem::path& path() const { return temporary_; }
  /// publish_file() to the target. Throws OutputError.
  void publish();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;  ///< the target itself where it cannot be replaced
  bool kept_ = false;
};

/// Writes a file piece by piece; it gets its name at finish().
class FileWriter {
 public:
  /// Throws OutputError, as all of these, when the file cannot be written.
  explicit FileWriter(const std::filesystem::path& path);
  void write(std::string_view bytes);
  void finish();

 private:
  std::filesystem::path path_;
  PendingFile pending_;
  FileHandle file_;
};

}  // namespace frugal
