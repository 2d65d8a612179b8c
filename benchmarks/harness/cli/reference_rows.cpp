#include "benchmarks/harness/cli/reference_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/plan/cell_paths.hpp"

namespace frugal::harness {
namespace {

constexpr Named<ParamSpec::Type> type_names[] = {{ParamSpec::Type::boolean, "boolean"},
                                                 {ParamSpec::Type::integer, "integer"},
                                                 {ParamSpec::Type::real, "real"},
                                                 {ParamSpec::Type::string, "string"},
                                                 {ParamSpec::Type::integer_list, "integers"},
                                                 {ParamSpec::Type::column, "column"},
                                                 {ParamSpec::Type::column_list, "columns"}};

std::string range_text(const ParamSpec& param) {
  std::string text;
  for (const std::string& choice : param.choices) text += (text.empty() ? "" : "|") + choice;
  if (!text.empty()) return text;
  const bool bounded_below = std::isfinite(param.min);
  const bool bounded_above = std::isfinite(param.max);
  const auto bound = [](double value) {  // whole numbers with all their digits
    constexpr double most = 1e15;
    return value == std::trunc(value) && std::abs(value) < most ? fmt::format("{:.0f}", value)
                                                                : fmt::format("{:g}", value);
  };
  if (bounded_below && bounded_above) return fmt::format("{} to {}", bound(param.min), bound(param.max));
  if (bounded_below) return fmt::format("from {}", bound(param.min));
  if (bounded_above) return fmt::format("to {}", bound(param.max));
  return "any";
}

std::string default_text(const ParamSpec& param) {
  const Json& json = param.default_value;
  return json.is_null() ? "(required)" : json.is_array() ? json.dump() : value_text(json);
}

std::string markdown(const TextRows& rows) {
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      std::string cell = row[column];
      for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
      // Names hold brackets, stars and underscores.
      if (column == 0 && &row != &rows.front()) cell = fmt::format("`{}`", cell);
      text += column == 0 ? "| " : " | ";
      text += cell;
    }
    text += " |\n";
    if (&row != &rows.front()) continue;
    for (std::size_t column = 0; column < row.size(); ++column) text += "|---";
    text += "|\n";
  }
  return text;
}

bool have_same_params(const DatasetChoice& a, const DatasetChoice& b) {
  return parameter_rows(a.params, "", "") == parameter_rows(b.params, "", "");
}

std::string datasets_text(std::vector<DatasetChoice> choices) {
  std::string text;
  while (!choices.empty()) {
    const DatasetChoice first = choices.front();
    const auto others = std::stable_partition(
        choices.begin(), choices.end(), [&](const DatasetChoice& choice) { return have_same_params(choice, first); });
    text += "\n";
    for (auto one = choices.begin(); one != others; ++one) text += fmt::format("- `{}`: {}\n", one->name, one->help);
    text += first.params.empty()
                ? "\nwithout parameters.\n"
                : "\nwith the parameters\n\n" + markdown(parameter_rows(first.params, "dataset.", "parameter"));
    choices.erase(choices.begin(), others);
  }
  return text;
}

}  // namespace

TextRows parameter_rows(std::span<const ParamSpec> params, const std::string& prefix, const std::string& head) {
  TextRows rows = {{head, "type", "default", "range", "meaning"}};
  for (const ParamSpec& param : params) {
    rows.push_back({prefix + param.name, std::string(to_word(type_names, param.type)), default_text(param),
                    range_text(param), param.help});
  }
  return rows;
}

TextRows metric_rows(std::span<const MetricDescriptor> metrics) {
  TextRows rows = {{"metric", "unit", "better", "meaning"}};
  for (const MetricDescriptor& metric : metrics) {
    rows.push_back({metric.name, metric.unit.empty() ? "-" : metric.unit,
                    std::string(to_word(better_names, metric.direction)), metric.help});
  }
  return rows;
}

std::string parameters_page(const Workloads& workloads) {
  std::string text =
      "# Parameters, data sets and metrics\n\n"
      "Made by the program from its own tables (`ci/docs.sh --update`); the tests hold this page against them. How they are\n"
      "used: [plans.md](plans.md).\n";
  for (const Workload* workload : workloads) {
    std::string description = workload->description();
    description.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(description.front())));
    text += fmt::format("\n## {}\n\n{}.\n\nThe clock: {}\n\n### Parameters of {}\n\n{}", workload->name(), description,
                        workload->clock(), workload->name(),
                        markdown(parameter_rows(workload->params(), "params." + workload->name() + ".", "parameter")));
    text += fmt::format("\n### Data sets of {}\n{}", workload->name(), datasets_text(workload->datasets({})));
    text += fmt::format("\n### Metrics of {}\n\n{}", workload->name(), markdown(metric_rows(workload->metrics())));
  }
  return text;
}

}  // namespace frugal::harness
