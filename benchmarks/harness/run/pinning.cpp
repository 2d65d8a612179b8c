#include "benchmarks/harness/run/pinning.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// The lowest processor of the core that this one belongs to; itself where the kernel does not tell.
int first_of_core(int processor) {
  try {
    const std::string siblings = read_whole_file(
        fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", processor));  // "0,2" or "0-1"
    int first = processor;
    std::from_chars(siblings.data(), siblings.data() + siblings.size(), first);
    return first;
  } catch (const UserError&) {
    return processor;
  }
}

}  // namespace

std::set<int> usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::set<int> processors;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) processors.insert(cpu);
  return processors;
}

std::vector<int> pinned_processors(int threads) {
  const std::set<int> usable = usable_processors();
  std::vector<int> processors;
  std::vector<int> second;  // of cores that have one already
  std::set<int> cores;
  for (const int processor : usable)
    (cores.insert(first_of_core(processor)).second ? processors : second).push_back(processor);
  processors.insert(processors.end(), second.begin(), second.end());
  if (processors.size() < static_cast<std::size_t>(threads))
    throw UnavailableError(
        fmt::format("measure.pin gives each of {} threads a processor of its own, but this process may use "
                    "{} only: set limits.threads",
                    threads, processors.size()));
  processors.resize(static_cast<std::size_t>(threads));
  return processors;
}

std::vector<std::string> why_not_pinned(const std::vector<PlannedCell>& cells) {
  std::set<int> counts;
  for (const PlannedCell& cell : cells)
    if (measure_of(*cell.cell, cell.plan->measure).pin)
      counts.insert(effective_threads(limits_of(*cell.cell, cell.plan->limits)));
  std::vector<std::string> reasons;
  for (const int threads : counts) {
    try {
      pinned_processors(threads);
    } catch (const UnavailableError& error) {
      reasons.emplace_back(error.what());
    }
  }
  return reasons;
}

std::string openmp_places(const std::vector<int>& processors) {
  std::string places;
  for (const int processor : processors) places += fmt::format("{}{{{}}}", places.empty() ? "" : ",", processor);
  return places;
}

}  // namespace frugal::harness
