#include "benchmarks/harness/study/same_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace frugal::harness {

std::string same_cell_key(const CellRecord& record) { return record.cell.to_json().dump(); }

std::map<std::string, ChangedFile> changed_files(const Run& a, const Run& b) {
  std::map<std::string, const InputRecord*> of_a;
  for (const CellRecord& record : a.cells)
    if (record.status == Status::ok)
      for (const InputRecord& input : record.inputs) of_a.try_emplace(input.file, &input);
  std::map<std::string, ChangedFile> changed;
  for (const CellRecord& record : b.cells) {
    if (record.status != Status::ok) continue;
    for (const InputRecord& input : record.inputs) {
      const auto known = of_a.find(input.file);
      if (known != of_a.end() && !known->second->same_content(input))
        changed.try_emplace(input.file, ChangedFile{known->second, &input});
    }
  }
  return changed;
}

void require_same_data(const Run& a, const std::string& a_name, const Run& b, const std::string& b_name) {
  const std::map<std::string, ChangedFile> changed = changed_files(a, b);
  if (changed.empty()) return;
  const auto& [file, contents] = *changed.begin();
  throw UserError(fmt::format(
      "these runs read different data, so their figures say nothing of each other: {} had {} bytes, sha256 {}, in {}, "
      "and {} bytes, sha256 {}, in {}. Run one of them again on the data of the other",
      file, contents.a->bytes, contents.a->sha256, a_name, contents.b->bytes, contents.b->sha256, b_name));
}

std::size_t cells_of_unknown_data(const Run& a, const Run& b) {
  std::set<std::string> silent;  // cells of a
  for (const CellRecord& record : a.cells)
    if (record.status == Status::ok && record.inputs.empty()) silent.insert(same_cell_key(record));
  return static_cast<std::size_t>(std::ranges::count_if(b.cells, [&](const CellRecord& record) {
    return record.status == Status::ok && !record.inputs.empty() && silent.contains(same_cell_key(record));
  }));
}

}  // namespace frugal::harness
