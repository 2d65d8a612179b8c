#include "benchmarks/harness/record/artifacts.hpp"

#include <fmt/format.h>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  make_folders(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::filesystem::path copy = to / entry.path().filename();
    if (entry.is_directory())
      copy_folder(entry.path(), copy);
    else
      copy_whole_file(entry.path(), copy);
  }
  sync_folder(to);
}

}  // namespace

std::filesystem::path artifacts_of(const std::filesystem::path& folder, const std::string& id) {
  return folder / "artifacts" / id;
}

std::filesystem::path checkpoints_of(const std::filesystem::path& folder, const std::string& id) {
  return folder / "checkpoints" / id;
}

void remove_checkpoints(const std::filesystem::path& folder, const std::string& id) {
  std::error_code ignored;
  std::filesystem::remove_all(checkpoints_of(folder, id), ignored);
  std::filesystem::remove(folder / "checkpoints", ignored);  // not while others are there
}

void bring_artifacts(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& id) {
  const std::filesystem::path target = artifacts_of(to, id);
  const std::filesystem::path half = target.string() + unfinished_suffix;
  try {
    std::filesystem::remove_all(half);
    copy_folder(artifacts_of(from, id), half);
    std::filesystem::remove_all(target);
    std::filesystem::rename(half, target);
    sync_folder(target.parent_path());
  } catch (const std::filesystem::filesystem_error& error) {
    throw OutputError(fmt::format("{}: cannot bring the cell's artifacts: {}", target.string(), error.what()));
  }
}

void remove_half_brought(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "artifacts", ignored))
    if (entry.path().extension() == unfinished_suffix) std::filesystem::remove_all(entry.path(), ignored);
}

}  // namespace frugal::harness
