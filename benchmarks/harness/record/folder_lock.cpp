#include "benchmarks/harness/record/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {

FolderLock::FolderLock(const std::filesystem::path& folder, Kind kind)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0 && kind == Kind::writer) refuse_output("open this run folder", folder);
  if (descriptor_ < 0)
    throw UserError(Place{folder.string()}, fmt::format("cannot open this run folder: {}", std::strerror(errno)));
  if (::flock(descriptor_, (kind == Kind::writer ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return;
  ::close(descriptor_);
  throw UserError(Place{folder.string()},
                  kind == Kind::writer
                      ? "another frugal is writing to this run folder. Wait until it is done, or give another --out"
                      : "another frugal is writing to this run folder. Wait until it is done, then merge");
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace frugal::harness
