#include "datasets/formats/byte_stream.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/types.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view zip_start = "PK\x03\x04"sv;
constexpr std::string_view starts[] = {"\x1f\x8b"sv, "BZh"sv,
                                       "\xfd"
                                       "7zXZ\0"sv,
                                       "\x28\xb5\x2f\xfd"sv, zip_start};

}  // namespace

bool names_member(std::string_view entry, std::string_view member) {
  return entry == member ||
         (entry.size() > member.size() && entry.ends_with(member) && entry[entry.size() - member.size() - 1] == '/');
}

const std::vector<std::string> compressed_endings{".gz", ".zst", ".xz", ".bz2"};

struct ByteStream::Unpacker {
  struct Close {
    void operator()(archive* handle) const { archive_read_free(handle); }
  };
  std::unique_ptr<archive, Close> handle{archive_read_new()};

  Unpacker(const std::filesystem::path& path, const std::string& member, bool zip) {
    open(path, zip);
    if (!zip) {
      if (!next_entry(path)) throw UserError({path.string()}, "this compressed file holds nothing");
      return;
    }
    std::vector<std::string> names;
    while (next_file(path)) names.push_back(name);
    if (std::ranges::find(names, "[Content_Types].xml") != names.end())
      throw UserError({path.string()}, "this is a file of Excel or another office program: save the sheet as CSV");
    std::vector<std::string> wanted = names;
    if (!member.empty()) std::erase_if(wanted, [&](const std::string& one) { return !names_member(one, member); });
    if (wanted.size() != 1) {
      const std::string held = fmt::format("{}", fmt::join(names, ", "));
      throw UserError({path.string()},
                      names.empty()    ? "this zip archive holds no file"
                      : member.empty() ? fmt::format("this zip archive holds several files; choose one of them with "
                                                     "`member`: {}",
                                                     held)
                                       : fmt::format("this zip archive has {} file '{}'; it has {}",
                                                     wanted.empty() ? "no" : "more than one", member, held));
    }
    handle.reset(archive_read_new());
    open(path, zip);
    while (next_file(path) && name != wanted.front()) continue;
  }

  void open(const std::filesystem::path& path, bool zip) const {
    archive_read_support_filter_all(handle.get());
    if (zip)
      archive_read_support_format_zip(handle.get());
    else
      archive_read_support_format_raw(handle.get());
    if (archive_read_open_filename(handle.get(), path.c_str(), std::size_t{1} << 18) != ARCHIVE_OK) fail(path);
  }

  /// The next entry that is a file; false at the end.
  bool next_file(const std::filesystem::path& path) {
    while (next_entry(path))
      if (is_file) return true;
    return false;
  }

  bool next_entry(const std::filesystem::path& path) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(handle.get(), &entry);
    if (status == ARCHIVE_EOF) return false;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail(path);
    const char* const text = archive_entry_pathname(entry);
    name = text ? text : "";
    is_file = archive_entry_filetype(entry) == AE_IFREG && !name.empty();
    return true;
  }

  [[noreturn]] void fail(const std::filesystem::path& path) const {
    const char* const why = archive_error_string(handle.get());
    throw UserError({path.string()},
                    fmt::format("this compressed file is damaged or cut off: {}", why ? why : "it cannot be unpacked"));
  }

  std::string name;
  bool is_file = false;
};

ByteStream::ByteStream(const std::filesystem::path& path, const std::string& member, const FilePart& part)
    : path_(path), left_(part.end - part.begin) {
  const bool zip = read_file_start(path, zip_start.size()) == zip_start;
  if (!zip && !member.empty())
    throw UserError({path.string()}, fmt::format("`member` ('{}') is of a zip archive, and this is none", member));
  if (is_compressed(path)) {
    archive_ = std::make_unique<Unpacker>(path, member, zip);
    return;
  }
  plain_ = open_file(path);
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown);
  if (!unknown) size_ = std::min<std::uint64_t>(size, part.end) - part.begin;
  if (part.begin > 0 && ::fseeko(plain_.get(), static_cast<off_t>(part.begin), SEEK_SET) != 0)
    throw UserError({path.string()}, "no place in this file can be gone to: is it one?");
}

ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;

std::size_t ByteStream::read(char* to, std::size_t count) {
  if (plain_) {
    const std::size_t got =
        read_piece(plain_.get(), to, static_cast<std::size_t>(std::min<std::uint64_t>(count, left_)), path_);
    left_ -= got;
    return got;
  }
  const la_ssize_t got = archive_read_data(archive_->handle.get(), to, count);
  if (got < 0) archive_->fail(path_);
  return static_cast<std::size_t>(got);
}

bool is_compressed(const std::filesystem::path& path) {
  const std::string start = read_file_start(path, 6);
  return std::ranges::any_of(starts, [&](std::string_view one) { return start.starts_with(one); });
}

}  // namespace frugal::data
