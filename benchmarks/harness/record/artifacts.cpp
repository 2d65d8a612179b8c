#include "benchmarks/harness/record/artifacts.hpp"

#include <fmt/format.h>

#include <vector>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

constexpr const char* unfinished = ".unfinished";  // no id ends so

void copy_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  const FileHandle source = open_file(from);
  FileWriter copy(to);
  std::vector<char> piece(1 << 20);
  while (const std::size_t bytes = read_piece(source.get(), piece.data(), piece.size(), from))
    copy.write({piece.data(), bytes});
  copy.finish();
}

void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::filesystem::path copy = to / entry.path().filename();
    if (entry.is_directory())
      copy_folder(entry.path(), copy);
    else
      copy_durably(entry.path(), copy);
  }
  sync_folder(to);
}

}  // namespace

std::filesystem::path artifacts_of(const std::filesystem::path& folder, const std::string& id) {
  return folder / "artifacts" / id;
}

void bring_artifacts(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& id) {
  const std::filesystem::path target = artifacts_of(to, id);
  const std::filesystem::path half = target.string() + unfinished;
  try {
    std::filesystem::remove_all(half);
    copy_folder(artifacts_of(from, id), half);
    std::filesystem::remove_all(target);
    std::filesystem::rename(half, target);
    sync_folder(target.parent_path());
  } catch (const std::filesystem::filesystem_error& error) {
    if (error.code() == std::errc::no_space_on_device || error.code() == std::errc::io_error)
      throw UnavailableError(error.what());
    throw UserError(Place{target.string()}, fmt::format("cannot bring the cell's artifacts: {}", error.what()));
  }
}

void remove_half_brought(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "artifacts", ignored))
    if (entry.path().extension() == unfinished) std::filesystem::remove_all(entry.path(), ignored);
}

}  // namespace frugal::harness
