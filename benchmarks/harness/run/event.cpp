#include "benchmarks/harness/run/event.hpp"

namespace frugal::harness {
namespace {

Json event(const char* name) { return {{"event", name}}; }

}  // namespace

Json start_event(const std::string& records, int cells, int to_run) {
  Json json = event("start");
  json.update({{"schema", 1}, {"records", records}, {"cells", cells}, {"to_run", to_run}});
  return json;
}

Json begin_event(const Cell& cell, const std::string& label, int number) {
  Json json = event("begin");
  json.update({{"id", cell.id()},
               {"workload", cell.workload},
               {"backend", cell.backend},
               {"label", label},
               {"number", number}});
  return json;
}

Json progress_event(const std::string& id, double fraction, const std::string& stage, double share, double elapsed_s,
                    const std::optional<Eta::Estimate>& left) {
  Json json = event("progress");
  json.update({{"id", id}, {"fraction", fraction}, {"stage", stage}, {"share", share}, {"elapsed_s", elapsed_s}});
  if (left) json["left_s"] = {{"low", left->low}};
  if (left && !left->open) json["left_s"]["high"] = left->high;
  return json;
}

Json end_event(const CellRecord& record, double wall_s) {
  Json json = event("end");
  json.update({{"id", record.id},
               {"status", to_string(record.status)},
               {"wall_s", wall_s},
               {"metrics", record.metrics},
               {"error", record.error}});
  return json;
}

}  // namespace frugal::harness
