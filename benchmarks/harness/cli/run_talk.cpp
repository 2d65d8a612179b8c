#include "benchmarks/harness/cli/run_talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace frugal::harness {
namespace {

std::string unit_suffix(const MetricDescriptor& metric) { return metric.unit.empty() ? "" : " " + metric.unit; }

}  // namespace

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("@%+=:,./-_").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string command_again(const Args& command) {
  std::string line = shell_word(command[0]);
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (word == "--rerun") {
      ++i;
    } else if (!word.starts_with("--rerun=")) {
      line += " " + shell_word(word);
    }
  }
  return line;
}

std::string main_metrics_text(const CellRecord& record, const Workloads& workloads) {
  std::string text;
  int shown = 0;
  for (const Workload* workload : workloads) {
    if (workload->name() != record.cell.workload) continue;
    for (const MetricDescriptor& metric : workload->metrics()) {
      const auto value = record.metrics.find(metric.name);
      if (value == record.metrics.end() || shown == 2) continue;
      text += fmt::format("{}{} {}{}", shown == 0 ? "" : ", ", metric.name,
                          fmt::format(fmt::runtime(metric.format), value->second), unit_suffix(metric));
      ++shown;
    }
  }
  return text;
}

}  // namespace frugal::harness
