#include "impl/base/files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

#include "impl/base/error.hpp"

namespace frugal {

std::string read_whole_file(const std::filesystem::path& path) { return read_file_start(path, std::string::npos); }

std::string read_file_start(const std::filesystem::path& path, std::size_t bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw UserError({path.string()}, fmt::format("cannot open this file: {}", std::strerror(errno)));
  std::string read;
  char piece[1 << 16];
  while (const std::size_t got = std::fread(piece, 1, std::min(sizeof(piece), bytes - read.size()), file.get())) {
    read.append(piece, got);
  }
  if (std::ferror(file.get())) {
    throw UserError({path.string()}, fmt::format("cannot read this file: {}", std::strerror(errno)));
  }
  return read;
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> count{0};
  std::filesystem::path result = path;
  return result += fmt::format(".{}-{}.tmp", ::getpid(), count++);
}

void write_whole_file(const std::filesystem::path& path, std::string_view bytes) {
  PendingFile pending(path);
  std::ofstream file(pending.path(), std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw UserError({path.string()}, fmt::format("cannot write this file: {}", std::strerror(errno)));
  pending.publish();
}

PendingFile::PendingFile(std::filesystem::path target)
    : target_(std::move(target)), temporary_(temporary_beside(target_)) {}

PendingFile::~PendingFile() {
  std::error_code ignored;
  if (!published_) std::filesystem::remove(temporary_, ignored);
}

void PendingFile::publish() {
  std::error_code error;
  std::filesystem::rename(temporary_, target_, error);
  if (error) throw UserError({target_.string()}, "cannot write this file: " + error.message());
  published_ = true;
}

}  // namespace frugal
