// Reads a run folder back.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {

Json parse_json(std::string_view text, const Place& place) {
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    throw UserError(place, "is not valid JSON");
  }
}

Provenance load_provenance(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "run.json";
  const Place place{path.string()};
  return Provenance::from_json(parse_json(read_whole_file(path), place), place);
}

std::vector<CellRecord> parse_records(std::string_view text, const std::string& file) {
  std::vector<CellRecord> records;
  std::unordered_map<std::string, std::size_t> position;
  Place place{file};
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // what is left, if anything, is a torn line
    ++place.line;
    CellRecord record = CellRecord::from_json(parse_json(text.substr(0, end), place), place);
    text.remove_prefix(end + 1);
    const auto [known, is_new] = position.try_emplace(record.id, records.size());
    if (is_new)
      records.push_back(std::move(record));
    else
      records[known->second] = std::move(record);
  }
  return records;
}

Run load_run(const std::filesystem::path& path) {
  std::error_code ignored;
  Run run;
  run.folder = std::filesystem::is_directory(path, ignored) ? path : path.parent_path();
  const std::filesystem::path cells = std::filesystem::is_directory(path, ignored) ? path / "cells.jsonl" : path;
  if (!std::filesystem::exists(cells, ignored))
    throw UserError(fmt::format("{}: no run is here: {} does not exist (a run is a folder that `frugal run` wrote)",
                                path.string(), cells.string()));
  run.provenance = load_provenance(run.folder);
  run.cells = parse_records(read_whole_file(cells), cells.string());
  return run;
}

}  // namespace frugal::harness
