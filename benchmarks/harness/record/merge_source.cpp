#include "benchmarks/harness/record/merge_source.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "benchmarks/harness/plan/json_reader.hpp"
#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// The cells by name, in place of "those of the first lines": a merged file has other lines.
void name_disturbed_cells(MergeSource& source, const std::unordered_map<std::string, std::size_t>& line_of) {
  std::optional<DisturbedTimes>& disturbed = source.provenance.disturbed;
  if (!disturbed || disturbed->records == 0) return;
  const std::unordered_set<std::string> named(disturbed->cells.begin(), disturbed->cells.end());
  disturbed->cells.clear();
  for (const MergeEntry& entry : source.entries)
    if (line_of.at(entry.id) <= disturbed->records && (named.empty() || named.contains(entry.id)))
      disturbed->cells.push_back(entry.id);
  disturbed->records = 0;
  if (disturbed->cells.empty()) disturbed.reset();
}

}  // namespace

CellRecord MergeSource::record(const MergeEntry& entry) const {
  const FileHandle file = open_file(cells());
  std::string line(entry.bytes, '\0');
  if (std::fseek(file.get(), static_cast<long>(entry.from), SEEK_SET) != 0 ||
      read_piece(file.get(), line.data(), line.size(), cells()) != line.size())
    throw UserError(Place{cells()}, "this file has changed while it was merged");
  const Place place{cells()};
  CellRecord record = CellRecord::from_json(parse_json(line, place), place);
  record.machine = entry.machine;
  return record;
}

Json MergeSource::machine_block(const std::string& id) const {
  const auto block = provenance.machines.find(id);
  if (block != provenance.machines.end()) return block->second;
  if (id == machine_id(provenance.machine)) return provenance.machine;
  throw UserError(Place{cells()}, fmt::format("a record is of the machine {}, which run.json does not know", id));
}

void read_source(MergeSource& source, const MergeSource* alike) {
  source.provenance = load_provenance(source.folder);
  std::vector<std::string> planned = plan_ids(source.provenance, source.folder, "cells");
  source.planned = alike != nullptr && *alike->planned == planned
                       ? alike->planned
                       : std::make_shared<const std::vector<std::string>>(std::move(planned));
  source.provenance.plan.erase("cells");
  const std::vector<std::string> ids = plan_ids(source.provenance, source.folder, "stale");
  const std::unordered_set<std::string> stale(ids.begin(), ids.end());
  const std::string first_machine = machine_id(source.provenance.machine);
  LastOfEachId<MergeEntry> entries;
  std::set<std::pair<std::string, std::string>> seen;
  std::unordered_map<std::string, std::size_t> line_of;  // of the record that counts
  Place place{source.cells()};
  for_each_line(source.cells(), [&](std::string_view line, std::uint64_t from) {
    ++place.line;
    CellRecord record = CellRecord::from_json(parse_json(line, place), place);
    if (stale.contains(record.id)) return;
    line_of[record.id] = static_cast<std::size_t>(place.line);
    entries.add({record.id, record.status, record.machine.empty() ? first_machine : record.machine, from, line.size()});
    if (record.status != Status::ok) return;
    for (InputRecord& input : record.inputs)
      if (seen.emplace(input.file, input.sha256).second) source.inputs.push_back({std::move(input), record.id});
  });
  source.entries = entries.take();
  name_disturbed_cells(source, line_of);
}

}  // namespace frugal::harness
