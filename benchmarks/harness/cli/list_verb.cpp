// `frugal list`: what exists, with every parameter a plan may set.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/options.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "datasets/load/datasets.hpp"
#include "embedded_plans.hpp"
#include "embedded_tables.hpp"
#include "impl/api/backend.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using TextRows = std::vector<std::vector<std::string>>;

const std::vector<std::string> list_subjects = {"workloads", "backends", "datasets", "plans", "tables"};

const VerbSpec list_verb = {"list [workloads|backends|datasets|plans|tables]",
                            "Prints what exists. `workloads` tells each parameter's type, default, range and meaning.",
                            0,
                            1,
                            {},
                            {"frugal list", "frugal list workloads", "frugal list plans"}};

const char* type_text(ParamSpec::Type type) {
  switch (type) {
    case ParamSpec::Type::boolean:
      return "boolean";
    case ParamSpec::Type::integer:
      return "integer";
    case ParamSpec::Type::real:
      return "real";
    case ParamSpec::Type::string:
      return "string";
    case ParamSpec::Type::integer_list:
      break;
  }
  return "integers";
}

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
  const std::string value = param.default_value.is_null()     ? "(required)"
                            : param.default_value.is_string() ? param.default_value.get<std::string>()
                                                              : param.default_value.dump();
  return {prefix + param.name, type_text(param.type), value, range_text(param), param.help};
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
      const char* better = metric.direction == MetricDescriptor::Direction::higher_is_better  ? "higher"
                           : metric.direction == MetricDescriptor::Direction::lower_is_better ? "lower"
                                                                                              : "-";
      rows.push_back({metric.name, metric.unit.empty() ? "-" : metric.unit, better, metric.help});
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

}  // namespace

int run_list_verb(const Args& args, const Workloads& workloads) {
  const std::optional<ParsedOptions> options = parse_options(list_verb, args);
  if (!options) return exit_ok;
  const std::string subject = options->arguments.empty() ? "" : options->arguments.front();
  if (!subject.empty() && std::find(list_subjects.begin(), list_subjects.end(), subject) == list_subjects.end())
    throw UserError(unknown_word("thing to list", subject, list_subjects));
  if (subject == "workloads") list_workloads(workloads);
  if (subject.empty()) {
    TextRows rows = {{"workload", "what it measures"}};
    for (const Workload* workload : workloads) rows.push_back({workload->name(), workload->description()});
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

}  // namespace frugal::harness
