#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "benchmarks/harness/report/exports/exports.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

/// OpenMetrics asks for base units by their names, as the last part of a metric's name.
std::string unit_name(const std::string& unit) {
  static const std::map<std::string, std::string> names{{"s", "seconds"},           {"B", "bytes"},  {"dB", "decibels"},
                                                        {"FLOP", "flops"},          {"bit", "bits"}, {"", "ratio"},
                                                        {"B/s", "bytes_per_second"}};
  const auto known = names.find(unit);
  if (known != names.end()) return known->second;
  std::string name;
  for (const char c : unit) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

/// "hr@10[neg=99]" -> "frugal_hr_10_neg_99": letters, digits, and one underscore for all else between them.
std::string family_name(const Measurement& measurement) {
  std::string name = "frugal";
  bool gap = true;
  for (const char c : measurement.metric) {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      if (gap) name += '_';
      name += c;
      gap = false;
    } else {
      gap = true;
    }
  }
  return name;
}

std::string label_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::string labels_of(const Measurement& measurement) {
  return fmt::format("{{run=\"{}\",workload=\"{}\",backend=\"{}\",cell=\"{}\",id=\"{}\",metric=\"{}\",commit=\"{}\"}}",
                     label_escaped(measurement.run->folder.string()), label_escaped(measurement.workload),
                     label_escaped(measurement.backend), label_escaped(measurement.cell), measurement.id,
                     label_escaped(measurement.metric), label_escaped(commit_text(measurement.run->provenance)));
}

struct Family {
  std::string help;
  std::string unit;
  std::string samples{};
};

void add_sample(std::map<std::string, Family>& families, const Measurement& measurement, const char* what,
                double value) {
  // Counts without a unit are no ratios; only what has a direction is one.
  const bool counts = measurement.unit.empty() && measurement.direction == MetricDescriptor::Direction::informative;
  const std::string unit = counts ? "" : unit_name(measurement.unit);
  std::string name = family_name(measurement) + what;
  if (!unit.empty() && !name.ends_with("_" + unit)) name += "_" + unit;
  Family& family = families.try_emplace(name, Family{measurement.help, unit}).first->second;
  family.samples += fmt::format("{}{} {}\n", name, labels_of(measurement), value);
}

}  // namespace

std::string to_openmetrics(std::span<const Measurement> measurements) {
  std::map<std::string, Family> families;  // all samples of a family stand together
  for (const Measurement& measurement : measurements) {
    add_sample(families, measurement, "", measurement.mean);
    if (measurement.half_width) add_sample(families, measurement, "_half_width", *measurement.half_width);
  }
  std::string text;
  for (const auto& [name, family] : families) {
    text += fmt::format("# TYPE {} gauge\n", name);
    if (!family.unit.empty()) text += fmt::format("# UNIT {} {}\n", name, family.unit);
    if (!family.help.empty()) text += fmt::format("# HELP {} {}\n", name, label_escaped(family.help));
    text += family.samples;
  }
  return text + "# EOF\n";
}

}  // namespace frugal::harness
