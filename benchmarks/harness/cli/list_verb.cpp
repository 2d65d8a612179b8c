// `frugal list`: what exists, with every parameter a plan may set.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/reference_rows.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "datasets/load/datasets.hpp"
#include "embedded_plans.hpp"
#include "embedded_tables.hpp"
#include "impl/api/backend.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

void list_workloads(const Workloads& workloads) {
  for (const Workload* workload : workloads) {
    fmt::print("{}: {}\n  clock: {}\n", workload->name(), workload->description(), workload->clock());
    fmt::print("\n{}",
               text_table(parameter_rows(workload->params(), "params." + workload->name() + ".", "parameter"), 2));
    TextRows rows = {{"data set", "type", "default", "range", "meaning"}};
    for (const DatasetChoice& choice : workload->datasets({})) {
      rows.push_back({choice.name, "", "", "", choice.help});
      const TextRows params = parameter_rows(choice.params, "  dataset.", "");
      rows.insert(rows.end(), params.begin() + 1, params.end());
    }
    fmt::print("\n{}", text_table(rows, 2));
    fmt::print("\n{}\n", text_table(metric_rows(workload->metrics()), 2));
  }
}

void list_backends() {
  TextRows rows = {{"back end", "here", "what it is"}};
  for (const Backend* backend : backends())
    rows.push_back({backend->name(), backend->available() ? "yes" : "no", backend->description()});
  fmt::print("{}", text_table(rows));
}

void list_datasets() {
  TextRows rows = {{"data set", "kind", "what it is", "licence"}};
  for (const data::DatasetEntry& entry : data::dataset_entries({}))
    rows.push_back({entry.name, std::string(to_word(data::kind_names, entry.kind)), entry.help, entry.licence});
  fmt::print("{}", text_table(rows));
}

/// The first sentence of the comment that a YAML file begins with.
std::string first_sentence(std::string_view text) {
  std::string comment;
  while (text.starts_with("#")) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
    if (line.empty() && !comment.empty()) break;
    comment += (comment.empty() ? "" : " ") + std::string(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (std::size_t i = comment.find_first_of(".?!"); i < comment.size(); i = comment.find_first_of(".?!", i + 1)) {
    const bool is_abbreviation = std::string_view(comment).substr(0, i + 1).ends_with(" al.");
    if ((i + 1 == comment.size() || comment[i + 1] == ' ') && !is_abbreviation) return comment.substr(0, i + 1);
  }
  return comment;
}

void list_embedded(const std::string& heading, std::span<const std::pair<std::string_view, std::string_view>> files) {
  TextRows rows = {{heading, "what it is for"}};
  for (const auto& [name, text] : files) rows.push_back({std::string(name), first_sentence(text)});
  fmt::print("{}", text_table(rows));
}

int run_list(const Call& call) {
  const std::string subject = call.arguments.empty() ? "" : call.arguments.front();
  if (subject == "workloads") list_workloads(call.workloads);
  if (subject.empty()) {
    TextRows rows = {{"workload", "what it measures"}};
    for (const Workload* workload : call.workloads) rows.push_back({workload->name(), workload->description()});
    fmt::print("{}\n", text_table(rows));
  }
  if (subject.empty() || subject == "backends") list_backends();
  if (subject.empty()) fmt::print("\n");
  if (subject.empty() || subject == "datasets") list_datasets();
  if (subject.empty()) fmt::print("\n");
  if (subject.empty() || subject == "plans") list_embedded("plan", embedded::plans());
  if (subject.empty()) fmt::print("\n");
  if (subject.empty() || subject == "tables") list_embedded("table", embedded::tables());
  if (subject.empty()) fmt::print("\n`frugal list workloads` tells every parameter.\n");
  return exit_ok;
}

}  // namespace

Verb list_verb() {
  return {
      .name = "list",
      .summary = "the workloads with their parameters, back ends, data sets, plans and tables",
      .help =
          "Prints what exists: all of it in short, or one of workloads, backends, datasets, plans and tables. "
          "`workloads` tells each parameter's type, default, range and meaning.",
      .arguments = {{.name = "SUBJECT",
                     .least = 0,
                     .values = {.words = {"workloads", "backends", "datasets", "plans", "tables"}, .closed = true}}},
      .examples = {"frugal list", "frugal list workloads", "frugal list plans"},
      .run = run_list};
}

}  // namespace frugal::harness
