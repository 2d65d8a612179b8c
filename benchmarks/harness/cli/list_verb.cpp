// `frugal list`: what exists, with every parameter a plan may set.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "datasets/load/datasets.hpp"
#include "embedded_plans.hpp"
#include "embedded_tables.hpp"
#include "impl/api/backend.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using TextRows = std::vector<std::vector<std::string>>;

constexpr Named<ParamSpec::Type> type_names[] = {{ParamSpec::Type::boolean, "boolean"},
                                                 {ParamSpec::Type::integer, "integer"},
                                                 {ParamSpec::Type::real, "real"},
                                                 {ParamSpec::Type::string, "string"},
                                                 {ParamSpec::Type::integer_list, "integers"}};
std::string range_text(const ParamSpec& param) {
  std::string text;
  for (const std::string& choice : param.choices) text += (text.empty() ? "" : "|") + choice;
  if (!text.empty()) return text;
  const bool bounded_below = std::isfinite(param.min);
  const bool bounded_above = std::isfinite(param.max);
  if (bounded_below && bounded_above) return fmt::format("{:g} to {:g}", param.min, param.max);
  if (bounded_below) return fmt::format("from {:g}", param.min);
  if (bounded_above) return fmt::format("to {:g}", param.max);
  return "any";
}

std::vector<std::string> param_row(const std::string& prefix, const ParamSpec& param) {
  const Json& json = param.default_value;
  const std::string value = json.is_null() ? "(required)" : json.is_array() ? json.dump() : value_text(json);
  return {prefix + param.name, std::string(to_word(type_names, param.type)), value, range_text(param), param.help};
}

void list_workloads(const Workloads& workloads) {
  for (const Workload* workload : workloads) {
    fmt::print("{}: {}\n  clock: {}\n", workload->name(), workload->description(), workload->clock());
    TextRows rows = {{"parameter", "type", "default", "range", "meaning"}};
    for (const ParamSpec& param : workload->params())
      rows.push_back(param_row("params." + workload->name() + ".", param));
    fmt::print("\n{}", text_table(rows, 2));
    rows = {{"data set", "type", "default", "range", "meaning"}};
    for (const DatasetChoice& choice : workload->datasets()) {
      rows.push_back({choice.name, "", "", "", choice.help});
      for (const ParamSpec& param : choice.params) rows.push_back(param_row("  dataset.", param));
    }
    fmt::print("\n{}", text_table(rows, 2));
    rows = {{"metric", "unit", "better", "meaning"}};
    for (const MetricDescriptor& metric : workload->metrics()) {
      rows.push_back({metric.name, metric.unit.empty() ? "-" : metric.unit,
                      std::string(to_word(better_names, metric.direction)), metric.help});
    }
    fmt::print("\n{}\n", text_table(rows, 2));
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
  for (const data::DatasetEntry& entry : data::dataset_entries())
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
  for (std::size_t i = comment.find_first_of(".?!"); i < comment.size(); i = comment.find_first_of(".?!", i + 1))
    if (i + 1 == comment.size() || comment[i + 1] == ' ') return comment.substr(0, i + 1);
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
