#include "impl/base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

#include "impl/base/descriptor.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

namespace frugal {
namespace {

/// "PATH: cannot VERB this file: WHY", with errno's reason. A failing disk and a machine with too many open files are no
/// mistake of the user's.
[[noreturn]] void fail_to(const char* verb, const std::filesystem::path& path) {
  const int why = errno;
  const std::string message = fmt::format("cannot {} this file: {}", verb, std::strerror(why));
  if (why == EIO || why == EMFILE || why == ENFILE)
    throw UnavailableError(fmt::format("{}: {}", path.string(), message));
  throw UserError({path.string()}, message);
}

}  // namespace

void refuse_output(const std::string& what, const std::filesystem::path& path) {
  throw OutputError(fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(errno)));
}

void fail_to_write(const std::filesystem::path& path) { refuse_output("write this file", path); }

bool make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(folder, error);
  errno = error.value();
  if (error) refuse_output("make this folder", folder);
  return is_new;
}

void copy_whole_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  const FileHandle source = open_file(from);
  FileWriter copy(to);
  std::vector<char> piece(1 << 20);
  while (const std::size_t bytes = read_piece(source.get(), piece.data(), piece.size(), from))
    copy.write({piece.data(), bytes});
  copy.finish();
}

FileHandle open_file(const std::filesystem::path& path) {
  FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file) fail_to("open", path);
  return file;
}

std::size_t read_piece(std::FILE* file, char* to, std::size_t count, const std::filesystem::path& path) {
  errno = 0;
  const std::size_t got = std::fread(to, 1, count, file);
  if (std::ferror(file)) fail_to("read", path);
  return got;
}

std::string read_whole_file(const std::filesystem::path& path) { return read_file_start(path, std::string::npos); }

std::string text_if_readable(const std::filesystem::path& path) {
  try {
    return read_whole_file(path);
  } catch (const UserError&) {
    return "";
  } catch (const UnavailableError&) {
    return "";
  }
}

std::string read_file_start(const std::filesystem::path& path, std::size_t bytes) {
  const FileHandle file = open_file(path);
  std::string read;
  std::error_code ignored;  // a pipe has no size, and some files of /proc have 0
  const std::uintmax_t size = std::filesystem::file_size(path, ignored);
  if (!ignored) read.reserve(static_cast<std::size_t>(std::min<std::uintmax_t>(size, bytes)));
  char piece[1 << 16];
  while (const std::size_t wanted = std::min(sizeof(piece), bytes - read.size())) {
    const std::size_t got = read_piece(file.get(), piece, wanted, path);
    read.append(piece, got);
    if (got < wanted) break;
  }
  return read;
}

std::string read_text_file(const std::filesystem::path& path) {
  std::string text = read_file_start(path, max_text_bytes + 1);
  require_text_size(text.size(), path.string());
  return text;
}

void write_whole_file(const std::filesystem::path& path, std::string_view bytes) {
  FileWriter file(path);
  file.write(bytes);
  file.finish();
}

void publish_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  {
    const Descriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() || ::fsync(file.get()) != 0) fail_to_write(to);
  }
  if (std::rename(from.c_str(), to.c_str()) != 0) fail_to_write(to);
  sync_folder(to.parent_path());
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void write_durably(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
  if (!write_all(descriptor, bytes) || ::fsync(descriptor) != 0) fail_to_write(path);
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor file(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.is_open()) ::fsync(file.get());
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> count{0};
  std::filesystem::path result = path;
  return result += fmt::format(".{}-{}.tmp", ::getpid(), count++);
}

PendingFile::PendingFile(std::filesystem::path target) : target_(std::move(target)) {
  std::error_code error;
  if (std::filesystem::is_symlink(target_, error)) {
    const std::filesystem::path real = std::filesystem::canonical(target_, error);
    if (!error) target_ = real;
  }
  const std::filesystem::file_status status = std::filesystem::status(target_, error);
  kept_ = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  temporary_ = kept_ ? target_ : temporary_beside(target_);
}

PendingFile::~PendingFile() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove(temporary_, ignored);
}

void PendingFile::publish() {
  if (!kept_) publish_file(temporary_, target_);
  kept_ = true;
}

FileWriter::FileWriter(const std::filesystem::path& path)
    : path_(path), pending_(path), file_(std::fopen(pending_.path().c_str(), "wb")) {
  if (!file_) fail_to_write(path_);
}

void FileWriter::write(std::string_view bytes) {
  if (bytes.empty()) return;  // fwrite must not be given the null that an empty view may have
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail_to_write(path_);
}

void FileWriter::finish() {
  if (std::fclose(file_.release()) != 0) fail_to_write(path_);
  pending_.publish();
}

}  // namespace frugal
