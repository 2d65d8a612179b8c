#include "benchmarks/harness/run/inputs.hpp"

#include <fmt/format.h>

#include <cassert>

namespace frugal::harness {
namespace {

std::string published_hash(const PublishedFile& file) {
  if (!file.sha256.empty()) return "sha256 " + file.sha256.front();
  if (!file.git_blob.empty()) return "git blob " + file.git_blob;
  return file.md5.empty() ? "no published hash" : "md5 " + file.md5;
}

[[noreturn]] void refuse_modified(const InputFile& file, const FileContent& content) {
  const std::string size = file.published.bytes > 0 ? fmt::format("{} bytes, ", file.published.bytes) : "";
  const std::string known = size + published_hash(file.published);
  const std::string what =
      file.added ? fmt::format(
                       "this file has changed since it was added to '{}': {} bytes, sha256 {}, but it was {}. Put the "
                       "old one back, add this one under another name (frugal data add)",
                       file.dataset, content.bytes, content.sha256, known)
                 : fmt::format(
                       "this is not the published {}: {} bytes, sha256 {}, but published is {}. Get it with 'frugal "
                       "data fetch {}'",
                       file.name, content.bytes, content.sha256, known, file.dataset);
  throw UserError(Place{file.path.string()},
                  what + ", or run with --allow-modified-data: records and tables then say so");
}

}  // namespace

Inputs::Inputs(const Workloads& workloads, std::vector<std::filesystem::path> data_dirs,
               std::filesystem::path hash_cache, bool allow_modified)
    : workloads_(workloads),
      data_dirs_(std::move(data_dirs)),
      hashes_(std::move(hash_cache)),
      allow_modified_(allow_modified) {}

std::vector<InputRecord> Inputs::of(const Cell& cell) {
  const Workload* const workload = find_workload(workloads_, cell.workload);
  assert(workload != nullptr && "a plan names one of the workloads");
  std::vector<InputRecord> records;
  for (const InputFile& file : workload->inputs(cell, data_dirs_)) records.push_back(of_file(file));
  return records;
}

std::vector<InputRecord> Inputs::of_all(const std::vector<PlannedCell>& cells) {
  std::map<std::string, InputRecord> distinct;
  for (const PlannedCell& cell : cells)
    for (InputRecord& record : of(*cell.cell)) distinct[record.file] = std::move(record);
  std::vector<InputRecord> all;
  all.reserve(distinct.size());
  for (auto& [name, record] : distinct) all.push_back(std::move(record));
  return all;
}

InputRecord Inputs::of_file(const InputFile& file) {
  const FileContent content = hashes_.of(file.path);
  const auto known = known_.find(file.name);
  if (known == known_.end()) {
    const bool modified = check_published(file.path, file.published, content.sha256).differs();
    if (modified && !allow_modified_) refuse_modified(file, content);
    return known_[file.name] = {file.name, content.sha256, content.bytes, modified, file.content};
  }
  if (known->second.sha256 != content.sha256)
    throw UserError(
        Place{file.path.string()},
        fmt::format("{} has changed since this run began: sha256 {} then, {} now. The cell that was to read "
                    "it has no record",
                    file.name, known->second.sha256, content.sha256));
  return known->second;
}

}  // namespace frugal::harness
