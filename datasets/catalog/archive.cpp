#include "datasets/catalog/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "datasets/formats/byte_stream.hpp"
#include "impl/base/descriptor.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

constexpr std::string_view single_member = "data";

struct ArchiveCloser {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ArchiveHandle = std::unique_ptr<archive, ArchiveCloser>;

ArchiveHandle open_archive(const std::filesystem::path& path) {
  ArchiveHandle handle(archive_read_new());
  archive_read_support_filter_all(handle.get());
  archive_read_support_format_zip(handle.get());
  archive_read_support_format_tar(handle.get());
  archive_read_support_format_ar(handle.get());
  archive_read_support_format_raw(handle.get());  // the fallback: a single compressed file
  if (archive_read_open_filename(handle.get(), path.c_str(), 1 << 16) != ARCHIVE_OK) {
    throw UserError({path.string()}, fmt::format("cannot open this archive: {}", archive_error_string(handle.get())));
  }
  return handle;
}

/// Moves to the first entry for which `wanted` holds; false when there is none.
template <class Wanted>
bool seek_entry(archive* handle, const std::filesystem::path& path, Wanted&& wanted) {
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(handle, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
    const char* const name = archive_entry_pathname(entry);
    // A single compressed file is an archive of one; its entry carries whatever name the compressor noted.
    const bool single = archive_format(handle) == ARCHIVE_FORMAT_RAW;
    // Links and folders have no bytes of their own; some writers of `ar` name no type.
    const auto type = archive_entry_filetype(entry);
    const bool is_file = (type == AE_IFREG || type == 0) && archive_entry_hardlink(entry) == nullptr;
    if (single || (name && is_file)) {
      if (wanted(single ? single_member : std::string_view(name))) return true;
    }
  }
  if (status != ARCHIVE_EOF) {
    throw UserError({path.string()}, fmt::format("cannot read this archive: {}", archive_error_string(handle)));
  }
  return false;
}

void copy_entry(archive* handle, const std::filesystem::path& path, const std::filesystem::path& to) {
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out.is_open()) fail_to_write(to);
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  int status = ARCHIVE_OK;
  while ((status = archive_read_data_block(handle, &block, &size, &offset)) == ARCHIVE_OK) {
    // Sparse entries skip holes.
    if (::lseek(out.get(), offset, SEEK_SET) < 0 || !write_all(out.get(), {static_cast<const char*>(block), size}))
      fail_to_write(to);
  }
  if (status != ARCHIVE_EOF) {
    throw UserError({path.string()}, fmt::format("cannot read this archive: {}", archive_error_string(handle)));
  }
}

}  // namespace

void extract_member(const std::filesystem::path& path, const std::string& member, const std::filesystem::path& to) {
  const ArchiveHandle handle = open_archive(path);
  // A Debian package is an `ar` archive around data.tar.*, which holds the files.
  const bool package = path.extension() == ".deb";
  const bool found = seek_entry(handle.get(), path, [&](std::string_view name) {
    return package ? name.starts_with("data.tar") : names_member(name, member);
  });
  if (!found) throw UserError({path.string()}, fmt::format("this archive has no '{}'", package ? "data.tar" : member));
  if (!package) return copy_entry(handle.get(), path, to);
  std::filesystem::path inner = path;
  inner.replace_extension(".data.tar");
  const PendingFile unpacked(inner);
  copy_entry(handle.get(), path, unpacked.path());
  extract_member(unpacked.path(), member, to);
}

}  // namespace frugal::data
