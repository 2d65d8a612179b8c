#include "benchmarks/harness/run/pinning.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>

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
    throw UserError(
        fmt::format("measure.pin gives each of {} threads a processor of its own, but this process may use "
                    "{} only: set limits.threads",
                    threads, processors.size()));
  processors.resize(static_cast<std::size_t>(threads));
  return processors;
}

std::string openmp_places(const std::vector<int>& processors) {
  std::string places;
  for (const int processor : processors) places += fmt::format("{}{{{}}}", places.empty() ? "" : ",", processor);
  return places;
}

}  // namespace frugal::harness
