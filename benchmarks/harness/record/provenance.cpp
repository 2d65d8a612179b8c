#include "benchmarks/harness/record/provenance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/instruction_counter.hpp"
#include "benchmarks/harness/record/package_energy.hpp"
#include "frugal_version.hpp"
#include "impl/base/files.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {
namespace {

/// "model name\t: AMD EPYC" -> the text after the colon, of the first processor.
std::string cpuinfo_field(const std::string& cpuinfo, const std::string& key) {
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || line.find_first_not_of(" \t", key.size()) != colon) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

std::string first_line(const char* path) {
  const std::string text = text_if_readable(path);
  return text.substr(0, text.find('\n'));
}

/// Only the extensions that decide which kernels run.
std::vector<std::string> isa_flags(const std::string& cpuinfo) {
  std::istringstream words(cpuinfo_field(cpuinfo, "flags"));
  std::set<std::string> present;
  for (std::string word; words >> word;) present.insert(word);
  std::vector<std::string> flags;
  for (const char* flag : {"avx2", "fma", "avx512f", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile"})
    if (present.contains(flag)) flags.emplace_back(flag);
  return flags;
}

/// {"L1d": 32, "L1i": 32, "L2": 1024, "L3": 32768} of the first processor, in KiB; what the machine does not tell is
/// absent.
Json cache_kib() {
  Json sizes = Json::object();
  for (int index = 0; index < 8; ++index) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    const std::string level = first_line((folder + "level").c_str());
    const std::string size = first_line((folder + "size").c_str());  // "1024K"
    int kib = 0;
    std::from_chars(size.data(), size.data() + size.size(), kib);
    if (level.empty() || kib == 0) continue;
    const std::string type = first_line((folder + "type").c_str());
    sizes["L" + level + (type == "Data" ? "d" : type == "Instruction" ? "i" : "")] = kib;
  }
  return sizes;
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

std::string os_name() {
  std::istringstream lines(text_if_readable("/etc/os-release"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("PRETTY_NAME=")) {
      std::string name = line.substr(12);
      std::erase(name, '"');
      return name;
    }
  return "unknown";
}

/// "package-0 package-1", or why there are no counters.
std::string energy_text() {
  const PackageEnergy energy;
  return energy.zones().empty() ? "not counted: " + energy.absent() : fmt::format("{}", fmt::join(energy.zones(), " "));
}

/// "counted", or why they are not.
std::string instructions_text() {
  const InstructionCounter counter;
  return counter.absent().empty() ? "counted" : "not counted: " + counter.absent();
}

double round_to_tenth(double value) { return std::round(value * 10) / 10; }

/// Now, as ISO 8601 UTC to the second.
std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// "g++ 12.2.0" or "clang++ 15.0.6".
std::string compiler_name() {
#ifdef __clang__
  return "clang++ " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

/// A number; of a plan with an axis of threads the list of them, ascending.
Json threads_json(const Plan& plan) {
  std::set<int> counts;
  for (const Cell& cell : plan.cells) counts.insert(effective_threads(limits_of(cell, plan.limits)));
  if (counts.empty()) return effective_threads(plan.limits);
  return counts.size() == 1 ? Json(*counts.begin()) : Json(counts);
}

/// Likewise; null where all cells are of one process.
Json ranks_json(const Plan& plan) {
  std::set<int> counts;
  for (const Cell& cell : plan.cells) counts.insert(limits_of(cell, plan.limits).ranks);
  if (counts.empty()) counts.insert(plan.limits.ranks);
  if (counts == std::set{1}) return nullptr;
  return counts.size() == 1 ? Json(*counts.begin()) : Json(counts);
}

/// Tells the plan files of two folders apart without telling the folders.
std::string place_of(const std::string& file) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(file, error);
  const std::string path = is_file ? std::filesystem::weakly_canonical(file, error).string() : "built-in/" + file;
  return sha256(path).substr(0, 12);
}

}  // namespace

Json build_facts() {
  Json facts = {{"version", FRUGAL_VERSION}, {"commit", FRUGAL_COMMIT},   {"dirty", FRUGAL_DIRTY},
                {"diff", FRUGAL_DIFF},       {"type", FRUGAL_BUILD_TYPE}, {"compiler", compiler_name()},
                {"flags", FRUGAL_FLAGS}};
  if (std::string_view(FRUGAL_COMMIT_DATE) != "") facts["commit_date"] = FRUGAL_COMMIT_DATE;
  return facts;
}

Json machine_facts() {
  const std::string cpuinfo = text_if_readable("/proc/cpuinfo");
  utsname kernel{};
  ::uname(&kernel);
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  double load[1] = {0};
  if (::getloadavg(load, 1) != 1) load[0] = 0;
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  std::string cpu = cpuinfo_field(cpuinfo, "model name");
  if (cpu.empty()) cpu = kernel.machine;
  return {{"cpu", cpu},
          {"cpu_vendor", cpuinfo_field(cpuinfo, "vendor_id")},
          {"cpu_family", cpuinfo_field(cpuinfo, "cpu family")},
          {"cpu_model", cpuinfo_field(cpuinfo, "model")},
          {"cpu_stepping", cpuinfo_field(cpuinfo, "stepping")},
          {"cache_kib", cache_kib()},
          {"cores", usable_cores()},
          {"isa", isa_flags(cpuinfo)},
          {"memory_gib", round_to_tenth(memory / (1024.0 * 1024 * 1024))},
          {"os", os_name()},
          {"kernel", kernel.release},
          {"governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")},
          {"load", round_to_tenth(load[0])},
          {"energy", energy_text()},
          {"instructions", instructions_text()},
          {"hostname_hash", sha256(host).substr(0, 12)}};
}

Json machine_identity(const Json& machine) {
  Json identity = Json::object();
  for (const char* key : {"cpu", "cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping", "cache_kib", "cores", "isa",
                          "governor", "hostname_hash"})
    if (machine.contains(key)) identity[key] = machine.at(key);
  // Whole GiB: a kernel more or less keeps some MiB for itself.
  if (const auto memory = machine.find("memory_gib"); memory != machine.end() && memory->is_number())
    identity["memory_gib"] = std::round(memory->get<double>());
  const Json backends = machine.value("backends", Json::object());
  for (const auto& [backend, facts] : backends.items())
    for (const char* key : {"device", "uuid hash"})
      if (facts.contains(key)) identity[backend + " " + key] = facts.at(key);
  return identity;
}

std::string machine_id(const Json& machine) { return sha256(machine_identity(machine).dump()).substr(0, 12); }

int effective_threads(const Limits& limits) {
  if (limits.threads > 0) return limits.threads;
  if (const char* given = std::getenv("OMP_NUM_THREADS")) {
    const std::string_view text(given);
    int threads = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
    if (error == std::errc::result_out_of_range || threads > max_threads)
      throw UserError(fmt::format("OMP_NUM_THREADS={}: at most {} threads", text, max_threads));
    if (error == std::errc() && threads > 0) return threads;  // "4,2" is nested: the outer level counts
  }
  return std::max(usable_cores() / limits.ranks, 1);
}

std::string determinism_text(const Plan& plan) {
  std::string level(to_word(determinism_names, plan.determinism));
  if (plan.determinism == Determinism::free) return level;
  if (plan.determinism == Determinism::repeatable) level += fmt::format(": {}", plan.band);
  // A target takes six repeats or more; how many a least time takes shows only when it runs.
  return level + (plan.measure.repeats > 1 || plan.measure.target_rel_ci > 0 ? " (checked)" : " (declared)");
}

MetricDescriptor peak_memory_metric() {
  MetricDescriptor metric;
  metric.name = "memory.peak";
  metric.unit = "B";
  metric.direction = MetricDescriptor::Direction::lower_is_better;
  metric.format = "{:.3g}";
  metric.help = "largest resident memory of the cell's process";
  return metric;
}

Provenance make_provenance(const PlanFile& plan, const std::vector<Override>& overrides, const Workloads& workloads,
                           std::vector<std::string> command, Json backends, Json libraries) {
  Provenance provenance;
  provenance.name = std::filesystem::path(plan.file).stem().string();
  Json threads = Json::object();
  Json measure = Json::object();
  Json ranks = Json::object();
  Json tables = Json::object();
  std::set<std::string> used;
  for (const Plan& one : plan.plans) {
    threads[one.name] = threads_json(one);
    measure[one.name] = to_json(one.measure);
    if (Json counts = ranks_json(one); !counts.is_null()) ranks[one.name] = std::move(counts);
    if (!one.tables.empty()) tables[one.name] = one.tables;
    used.insert(one.workload);
    provenance.determinism[one.name] = determinism_text(one);
  }
  Json given = Json::array();
  for (const Override& one : overrides) given.push_back(one.path + "=" + one.value);
  provenance.plan = {{"file", plan.file},  {"sha256", plan.sha256}, {"text", plan.text},
                     {"overrides", given}, {"threads", threads},    {"measure", measure}};
  if (!ranks.empty()) provenance.plan["ranks"] = std::move(ranks);
  if (!tables.empty()) provenance.plan["tables"] = std::move(tables);
  provenance.plan["place"] = place_of(plan.file);
  provenance.build = build_facts();
  provenance.build["libraries"] = std::move(libraries);
  provenance.machine = machine_facts();
  provenance.machine["backends"] = std::move(backends);
  provenance.started = utc_now();
  provenance.command = std::move(command);
  std::set<std::string> described;
  for (const Workload* workload : workloads) {
    if (!used.contains(workload->name())) continue;
    provenance.clocks[workload->name()] = workload->clock();
    for (MetricDescriptor& metric : workload->metrics())
      if (described.insert(metric.name).second) provenance.metrics.push_back(std::move(metric));
  }
  if (described.insert(peak_memory_metric().name).second) provenance.metrics.push_back(peak_memory_metric());
  return provenance;
}

}  // namespace frugal::harness
