// What a child's end means: the one place that turns signals and exit codes into a status.
#include <fmt/format.h>
#include <string.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/child.hpp"
#include "benchmarks/harness/run/rank_job.hpp"

namespace frugal::harness {
namespace {

struct ChildVerdict {
  Status status = Status::ok;
  std::string error;
};

/// "SIGSEGV (Segmentation fault)"; a real-time signal has no name, only a number.
std::string signal_text(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  const char* const meaning = ::sigdescr_np(signal);
  if (name == nullptr || meaning == nullptr) return fmt::format("signal {}", signal);
  return fmt::format("SIG{} ({})", name, meaning);
}

std::string with_output(std::string error, const ChildReport& report) {
  if (!report.error_output.empty()) error += "; its last words:\n" + report.error_output;
  return error;
}

/// A job ends with the first of its ranks that does.
std::optional<ChildVerdict> judge_ranks(const Limits& limits, const ChildReport& report) {
  if (limits.ranks == 1) return std::nullopt;
  const std::optional<std::string> lost = lost_rank(report.error_output);
  if (!lost) return std::nullopt;
  const std::string where = report.stage.empty() ? "" : fmt::format(", in stage {}", report.stage);
  return ChildVerdict{lost->ends_with("out of memory") ? Status::oom : Status::failed, *lost + where};
}

ChildVerdict judge_child(const Limits& limits, const ChildReport& report) {
  const auto out_of_memory = [&](std::string error) {
    if (limits.memory_gib > 0) error += fmt::format(" (limits.memory_gib: {})", limits.memory_gib);
    return ChildVerdict{Status::oom, std::move(error)};
  };
  const bool ended_cleanly = report.signal == 0 && report.exit_code == 0;
  if (report.has_outcome && report.outcome.failure != Failure::interrupted) {
    if (report.outcome.failure == Failure::memory) return out_of_memory(report.outcome.error);
    if (report.outcome.failure != Failure::none) return {Status::failed, report.outcome.error};
    if (ended_cleanly) return {};
  }
  if (report.timed_out)
    return {Status::timeout, fmt::format("not done after {} s (limits.timeout_s)", limits.timeout_s)};
  if (report.stopped) return {Status::failed, "stopped"};
  if (std::optional<ChildVerdict> verdict = judge_ranks(limits, report)) return std::move(*verdict);
  if (report.outcome.failure == Failure::interrupted) return {Status::failed, "stopped by a SIGTERM from outside"};
  // An exception that leaves a parallel region ends in std::terminate: only its text tells what it was.
  if (report.signal == SIGABRT && report.error_output.find("std::bad_alloc") != std::string::npos)
    return out_of_memory("out of memory inside a parallel region");
  if (report.signal == SIGKILL)
    return {Status::oom, "killed by SIGKILL, which was not ours: most likely this machine ran out of memory"};
  const std::string when = report.has_outcome ? "after its last repeat" : "before it was done";
  if (report.signal != 0)
    return {Status::failed, with_output(fmt::format("crashed with {} {}", signal_text(report.signal), when), report)};
  return {Status::failed, with_output(fmt::format("ended with exit code {} {}", report.exit_code, when), report)};
}

}  // namespace

CellRecord record_of(const CellRequest& request, const Limits& limits, const ChildReport& report) {
  CellRecord record;
  record.id = request.cell.id();
  record.cell = request.cell;
  ChildVerdict verdict = judge_child(limits, report);
  record.status = verdict.status;
  record.error = std::move(verdict.error);
  record.implementation = report.outcome.implementation;
  record.metrics = report.outcome.metrics;
  record.absent = report.outcome.absent;
  record.protocol = report.outcome.protocol;
  if (report.peak_bytes > 0) record.metrics[peak_memory_metric().name] = report.peak_bytes;
  record.stages = report.stages;
  record.conditions = report.conditions;
  record.sampling = report.outcome.sampling;
  record.curves = report.outcome.curves;
  record.threads = request.threads;
  record.ranks = request.ranks;
  record.hosts = report.outcome.hosts;
  record.taken_up = report.outcome.taken_up;
  record.cpus = request.cpus;
  return record;
}

Failure failure_of(const ChildReport& report) {
  const Failure told = report.outcome.failure;
  if (report.has_outcome && told != Failure::none && told != Failure::interrupted) return told;
  const bool ended_cleanly = report.signal == 0 && report.exit_code == 0;
  if (report.has_outcome && told == Failure::none && ended_cleanly) return Failure::none;
  return report.stopped ? Failure::interrupted : Failure::other;
}

}  // namespace frugal::harness
