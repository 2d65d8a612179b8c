#include "benchmarks/harness/report/exports/capsule.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson crate_link(const std::string& id) { return {{"@id", id}}; }

std::string plan_text(const Run& run) {
  const Json* text = cell_value(run.provenance.plan, "text");
  if (!text || !text->is_string() || *text == Json(""))
    throw UserError(Place{(run.folder / "run.json").string()},
                    "this run does not say its plan, so nobody could repeat it");
  return text->get<std::string>();
}

OrderedJson file_entity(const std::string& name, const std::string& what, const std::string& format) {
  return {{"@id", name}, {"@type", "File"}, {"name", what}, {"encodingFormat", format}};
}

/// The files that cells read, which are not in the capsule: by name and hash.
std::map<std::string, InputRecord> inputs_of_run(const Run& run) {
  std::map<std::string, InputRecord> inputs;
  for (const CellRecord& record : run.cells)
    for (const InputRecord& input : record.inputs) inputs.try_emplace(input.sha256, input);
  return inputs;
}

std::string modified_at(const std::filesystem::path& file) {
  const auto written = std::chrono::file_clock::to_sys(std::filesystem::last_write_time(file));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::time_point_cast<std::chrono::system_clock::duration>(written))));
}

}  // namespace

std::string why_not_whole(const Run& run) {
  const auto bad = std::ranges::count(run.cells, false, &CellRecord::ended_well);
  if (bad == 0 && run.to_do == 0) return "";
  const std::size_t all = run.to_do + run.cells.size();
  std::vector<std::string> words;
  if (run.to_do > 0) words.push_back(fmt::format("{} of the {} cells of the plan have no record", run.to_do, all));
  if (bad > 0) words.push_back(fmt::format("{} of its {} cells did not end well", bad, run.cells.size()));
  return fmt::format("{}", fmt::join(words, ", and "));
}

std::string crate_metadata(const Run& run, const std::string& finished) {
  const Provenance& provenance = run.provenance;
  const std::string why = why_not_whole(run);
  const std::string program = "#frugal-" + value_text(provenance.build.value("commit", Json("unknown")));
  OrderedJson graph = OrderedJson::array();
  graph.push_back({{"@id", "ro-crate-metadata.json"},
                   {"@type", "CreativeWork"},
                   {"conformsTo",
                    {crate_link("https://w3id.org/ro/crate/1.1"),
                     crate_link("https://w3id.org/workflowhub/workflow-ro-crate/1.0")}},
                   {"about", crate_link("./")}});
  graph.push_back(
      {{"@id", "./"},
       {"@type", "Dataset"},
       {"name", fmt::format("frugal run {}", provenance.name)},
       {"description", fmt::format("Plan, records and circumstances of a benchmark run. {}; {}. To repeat it: frugal "
                                   "reproduce on this folder.",
                                   machine_text(provenance), build_text(provenance))},
       {"datePublished", finished},
       {"license", "not stated"},
       {"conformsTo",
        {crate_link("https://w3id.org/ro/wfrun/process/0.5"), crate_link("https://w3id.org/ro/wfrun/workflow/0.5"),
         crate_link("https://w3id.org/workflowhub/workflow-ro-crate/1.0")}},
       {"hasPart", {crate_link(capsule_plan), crate_link("run.json"), crate_link("cells.jsonl")}},
       {"mainEntity", crate_link(capsule_plan)},
       {"mentions", crate_link("#run")}});
  for (const char* profile : {"process", "workflow"})
    graph.push_back({{"@id", fmt::format("https://w3id.org/ro/wfrun/{}/0.5", profile)},
                     {"@type", "CreativeWork"},
                     {"name", fmt::format("{} Run Crate", profile[0] == 'p' ? "Process" : "Workflow")},
                     {"version", "0.5"}});
  graph.push_back({{"@id", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
                   {"@type", "CreativeWork"},
                   {"name", "Workflow RO-Crate"},
                   {"version", "1.0"}});
  graph.push_back({{"@id", capsule_plan},
                   {"@type", {"File", "SoftwareSourceCode", "ComputationalWorkflow"}},
                   {"name", fmt::format("the plan {}", provenance.name)},
                   {"encodingFormat", "application/yaml"},
                   {"programmingLanguage", crate_link("#plan-language")}});
  graph.push_back({{"@id", "#plan-language"}, {"@type", "ComputerLanguage"}, {"name", "frugal plan, schema 1"}});
  graph.push_back(file_entity("run.json", "circumstances of the run: program, machine, metrics", "application/json"));
  graph.push_back(
      file_entity("cells.jsonl", "a record a line: metrics, times, inputs of each cell", "application/jsonl"));
  graph.push_back({{"@id", program},
                   {"@type", "SoftwareApplication"},
                   {"name", "frugal"},
                   {"softwareVersion", value_text(provenance.build.value("version", Json("unknown"))) + ", commit " +
                                           commit_text(provenance)}});
  graph.push_back({{"@id", "#runner"},
                   {"@type", "OrganizeAction"},
                   {"name", "frugal run"},
                   {"instrument", crate_link(program)},
                   {"result", crate_link("#run")}});
  OrderedJson objects = OrderedJson::array();
  for (const auto& [sha256, input] : inputs_of_run(run)) {
    const std::string id = "#input-" + sha256.substr(0, 12);
    objects.push_back(crate_link(id));
    graph.push_back({{"@id", id},
                     {"@type", "CreativeWork"},
                     {"name", input.file},
                     {"sha256", sha256},
                     {"contentSize", std::to_string(input.bytes)}});
  }
  OrderedJson action{{"@id", "#run"},
                     {"@type", "CreateAction"},
                     {"name", fmt::format("frugal run of {}", provenance.name)},
                     {"description", machine_text(provenance)},
                     {"instrument", crate_link(capsule_plan)},
                     {"startTime", provenance.started},
                     {"endTime", finished},
                     {"actionStatus", crate_link(why.empty() ? "http://schema.org/CompletedActionStatus"
                                                             : "http://schema.org/FailedActionStatus")},
                     {"result", {crate_link("run.json"), crate_link("cells.jsonl")}}};
  if (!objects.empty()) action["object"] = std::move(objects);
  if (!why.empty()) action["error"] = why;
  graph.push_back(std::move(action));
  return OrderedJson{
             {"@context", {"https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"}},
             {"@graph", std::move(graph)}}
             .dump(2) +
         "\n";
}

void write_capsule(const Run& run, const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder))
    throw UserError(Place{folder.string()}, "this is here already; give another --out");
  if (run.cells.empty())
    throw UserError(Place{run.folder.string()}, "this run has no cells yet: there is nothing to repeat");
  const std::string plan = plan_text(run);
  const std::string metadata = crate_metadata(run, modified_at(run.folder / "cells.jsonl"));
  make_folders(folder);
  try {
    for (const char* name : {"run.json", "cells.jsonl"})
      write_whole_file(folder / name, read_whole_file(run.folder / name));
    write_whole_file(folder / capsule_plan, plan);
    write_whole_file(folder / "ro-crate-metadata.json", metadata);
  } catch (...) {  // a part of a capsule would stand in the way of the next try
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    throw;
  }
}

}  // namespace frugal::harness
