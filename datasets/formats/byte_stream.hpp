// The bytes of a data file, whether it lies there plain or compressed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "impl/base/files.hpp"

namespace frugal::data {

/// The bytes begin ... end - 1 of a file: whole lines, after so many others. By default all there are.
struct FilePart {
  std::uint64_t begin = 0;
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  int lines_before = 0;
};

/// Reads a file from front to back. One that begins like gzip, bzip2, xz, Zstandard or zip is unpacked on the way, in
/// memory that does not grow with it; its name does not matter.
class ByteStream {
 public:
  /// member: the file inside a zip archive, by its name or path; empty: the only one. part: of a plain file. Throws
  /// UserError when the file cannot be opened, or the archive holds several files and `member` chooses none of them.
  explicit ByteStream(const std::filesystem::path& path, const std::string& member = "", const FilePart& part = {});
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) = delete;

  /// Up to `count` bytes to `to`; 0 only at the end. Throws UserError when the file is damaged.
  std::size_t read(char* to, std::size_t count);

  /// The bytes to be read where that is known without reading them: of a plain file, else 0.
  std::uint64_t size() const { return size_; }
  bool compressed() const { return archive_ != nullptr; }

 private:
  std::filesystem::path path_;
  FileHandle plain_;
  struct Unpacker;
  std::unique_ptr<Unpacker> archive_;
  std::uint64_t size_ = 0;
  std::uint64_t left_;  ///< of the part, in a plain file
};

/// Does a file begin like one that ByteStream unpacks?
bool is_compressed(const std::filesystem::path& path);

/// Does this path inside an archive end in the name or path `member`?
bool names_member(std::string_view entry, std::string_view member);

/// What a compressed file may be called beside its own name: ".gz", ".zst" and so on.
extern const std::vector<std::string> compressed_endings;

}  // namespace frugal::data
