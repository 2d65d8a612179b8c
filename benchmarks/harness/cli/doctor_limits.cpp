#include "benchmarks/harness/cli/doctor_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/child.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/run/readiness.hpp"
#include "impl/api/backend.hpp"
#include "impl/common/spec_names.hpp"

namespace frugal::harness {
namespace {

/// Thrown when the user wants to stop.
struct Stopped {};

DeviceRates limits_of(const LimitsRequest& request, StopSignals& stops) {
  const ChildReport report = run_limits(request, stops);
  if (report.stopped) throw Stopped{};
  if (failure_of(report) != Failure::none)
    throw UnavailableError(
        fmt::format("{}: its limits cannot be measured: {}", request.backend,
                    report.outcome.error.empty() ? "the process that does ended early" : report.outcome.error));
  return report.outcome.limits;
}

/// A back end that tells its threads computes on processors.
bool computes_on_processors(const Backend& backend) {
  return std::ranges::any_of(backend.device(), [](const auto& fact) { return fact.first == "threads"; });
}

std::vector<int> thread_counts(const Backend& backend) {
  const int all = effective_threads({});
  std::vector<int> counts;
  for (int threads = 1; computes_on_processors(backend) && threads < all; threads *= 2) counts.push_back(threads);
  counts.push_back(all);
  return counts;
}

/// One row of the table.
struct RatesOfThreads {
  int threads;
  std::map<Precision, double> flops{};
  DeviceRates others{};
};

RatesOfThreads measured(const Backend& backend, int threads, StopSignals& stops) {
  RatesOfThreads rates{.threads = threads};
  for (const auto& [precision, word] : precision_names) {
    const DeviceRates found =
        limits_of({.backend = backend.name(), .precision = std::string(word), .threads = threads}, stops);
    rates.flops[precision] = found.flops;
    if (precision == Precision::fp32) rates.others = found;
    if (found.bytes == 0) break;  // it has no probes
  }
  return rates;
}

void print_rates(const Backend& backend, const std::vector<RatesOfThreads>& measured) {
  std::vector<std::vector<std::string>> rows(measured.size() + 1);
  const auto add_column = [&](const std::string& title, const auto& rate_of) {
    if (std::ranges::none_of(measured, [&](const RatesOfThreads& one) { return rate_of(one) > 0; })) return;
    rows[0].push_back(title);
    for (std::size_t i = 0; i < measured.size(); ++i) {
      const double rate = rate_of(measured[i]);
      rows[i + 1].push_back(rate > 0 ? fmt::format("{:.1f}", rate / 1e9) : "-");
    }
  };
  if (computes_on_processors(backend)) {
    rows[0].emplace_back("threads");
    for (std::size_t i = 0; i < measured.size(); ++i) rows[i + 1].push_back(std::to_string(measured[i].threads));
  }
  for (const auto& [precision, word] : precision_names)
    add_column(std::string(word), [precision = precision](const RatesOfThreads& one) {
      const auto found = one.flops.find(precision);
      return found == one.flops.end() ? 0 : found->second;
    });
  add_column("L1", [](const RatesOfThreads& one) { return one.others.l1; });
  add_column("L2", [](const RatesOfThreads& one) { return one.others.l2; });
  add_column("L3", [](const RatesOfThreads& one) { return one.others.l3; });
  add_column("memory", [](const RatesOfThreads& one) { return one.others.bytes; });
  add_column("sines", [](const RatesOfThreads& one) { return one.others.sines; });
  std::string device;
  for (const auto& [fact, value] : backend.device())
    if (fact == "instruction set" || fact == "device") device = " (" + value + ")";
  fmt::print(
      "limits of {}{}: GFLOP/s by precision, GB/s read from caches and memory,\n"
      "and 10^9 sines with their cosines a second; the best of ten tries\n{}\n",
      backend.name(), device, text_table(rows, 2));
  std::fflush(stdout);
}

}  // namespace

int print_limits() {
  for (const std::string& obstacle : measuring_obstacles(effective_threads({}), usable_processors()))
    fmt::print(stderr, "limits may be too low: {}\n", obstacle);
  StopSignals stops;
  bool any = false;
  try {
    for (const Backend* backend : backends()) {
      if (!backend->available()) continue;
      std::vector<RatesOfThreads> rates;
      for (const int threads : thread_counts(*backend)) {
        rates.push_back(measured(*backend, threads, stops));
        if (rates.back().others.bytes == 0) break;
      }
      if (rates.back().others.bytes == 0) continue;
      print_rates(*backend, rates);
      any = true;
    }
  } catch (const Stopped&) {
    return exit_interrupted;
  }
  if (!any) throw UnavailableError("no back end that can run here has limits to measure (frugal doctor says more)");
  return exit_ok;
}

}  // namespace frugal::harness
