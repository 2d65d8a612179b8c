// Who may write into a run folder: one at a time, and nobody while somebody reads it for a merge.
#pragma once
#include <filesystem>

namespace frugal::harness {

/// An flock on the folder itself, held while the object lives; the kernel lets it go when the process ends in any way.
class FolderLock {
 public:
  enum class Kind { writer, reader };

  /// The folder must be there. Throws UserError when it cannot be opened (a writer: OutputError), or when somebody else
  /// writes to it (a writer: or reads it).
  FolderLock(const std::filesystem::path& folder, Kind kind);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int descriptor_;
};

}  // namespace frugal::harness
