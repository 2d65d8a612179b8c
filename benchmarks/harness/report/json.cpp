#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/fitting.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

using OrderedJson = nlohmann::ordered_json;

const char* kind_of(const Heading& heading) { return names_rows(heading) ? "name" : "figure"; }

OrderedJson column_json(const Heading& heading) {
  OrderedJson json{{"title", heading.title},
                   {"name", heading.name.empty() ? heading.title : heading.name},
                   {"kind", kind_of(heading)}};
  if (!heading.unit.empty()) json["unit"] = heading.unit;
  if (!heading.relation.empty()) json["relation"] = heading.relation;
  if (heading.better != Better::neither) json["better"] = heading.better == Better::higher ? "higher" : "lower";
  return json;
}

OrderedJson entry_json(const TableEntry& entry) {
  OrderedJson json{{"text", entry_text(entry)}};
  if (entry.value) json["value"] = *entry.value;
  if (entry.half_width) json["half_width"] = *entry.half_width;
  if (!entry.draws.empty()) json["draws"] = entry.draws;
  if (entry.disturbed) json["disturbed"] = true;
  if (entry.best) json["best"] = true;
  return json;
}

OrderedJson table_json(const Table& table) {
  OrderedJson json{{"name", table.name}, {"title", table.title}};
  json["columns"] = OrderedJson::array();
  for (const Heading& heading : table.headings) json["columns"].push_back(column_json(heading));
  json["rows"] = OrderedJson::array();
  for (const TableRow& row : table.rows) {
    OrderedJson entries = OrderedJson::array();
    for (const TableEntry& entry : row.entries) entries.push_back(entry_json(entry));
    json["rows"].push_back({{"run", row.origin.run},
                            {"n", row.origin.n},
                            {"machine", row.origin.machine},
                            {"commit", row.origin.commit},
                            {"entries", std::move(entries)}});
  }
  json["notes"] = table.notes;
  json["caption"] = table.caption;
  return json;
}

}  // namespace

std::string to_json_text(std::span<const Table> tables) {
  OrderedJson json{{"schema", 1}, {"tables", OrderedJson::array()}};
  for (const Table& table : tables) json["tables"].push_back(table_json(visible(table)));
  return json.dump(2) + "\n";
}

}  // namespace frugal::harness
