// What two runs differ in beside the code, and what else a reader must know of both.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/same_data.hpp"

namespace frugal::harness {
namespace {

/// The value at a path of run.json, null when it is not there.
Json fact(const Json& facts, std::string_view path) {
  const Json* found = cell_value(facts, path);
  return found ? *found : Json();
}

bool multiplies_bf16(const Run& run) {
  return std::ranges::any_of(
      run.cells, [](const CellRecord& record) { return record.cell.own().value("precision", "") == "bf16"; });
}

/// Numbers of ranks whose sums of gradients are those of that number: the ranks of a step share its examples
/// (tower.ranks_share). Everywhere else bits do not depend on how many ranks there are.
std::set<int> ranks_that_share(const Run& run) {
  std::set<int> ranks;
  for (const CellRecord& record : run.cells) {
    const Json* const how = cell_value(record.cell.own(), "tower.ranks_share");
    if (how && *how == "examples") ranks.insert(record.ranks);
  }
  return ranks;
}

/// The instructions a back end used. Where it says AVX2, what else the processor has does not matter; what multiplies
/// bf16 only matters where something is bf16.
Json instruction_set(const Provenance& provenance, const std::string& backend, bool bf16) {
  Json used = fact(provenance.machine, "backends." + backend + ".instruction set");
  if (used == Json("avx2")) return used;
  Json all = fact(provenance.machine, "isa");
  if (!bf16 && all.is_array())
    std::erase_if(all.get_ref<Json::array_t&>(), [](const Json& one) {
      const auto name = one.get<std::string>();
      return name.starts_with("amx") || name.ends_with("bf16");
    });
  return all;
}

/// What computes. MPI only carries copies from rank to rank.
Json libraries(const Provenance& provenance) {
  Json all = fact(provenance.build, "libraries");
  if (!all.is_object()) return Json::object();
  all.erase("mpi");
  return all;
}

/// Facts that decide which bits come out of the same code, beside the seed: name -> value.
std::vector<std::pair<std::string, Json>> facts_of_bits(const Provenance& provenance, const std::string& backend,
                                                        bool bf16) {
  std::vector<std::pair<std::string, Json>> facts;
  for (const char* key : {"compiler", "type", "flags"}) facts.emplace_back(key, fact(provenance.build, key));
  facts.emplace_back("libraries", libraries(provenance));
  facts.emplace_back("instruction set", instruction_set(provenance, backend, bf16));
  if (bf16)
    facts.emplace_back("products of bf16", fact(provenance.machine, "backends." + backend + ".products of bf16"));
  facts.emplace_back("device", fact(provenance.machine, "backends." + backend + ".device"));
  return facts;
}

}  // namespace

std::string why_not_exact(const Run& run, const Run& baseline) {
  for (const Run* side : {&baseline, &run}) {
    if (!side->provenance.machines.empty())
      return fmt::format("{} is of {} machines", side->folder.string(), side->provenance.machines.size());
    if (side->provenance.determinism.empty()) return side->folder.string() + " does not say how deterministic it is";
    for (const auto& [plan, level] : side->provenance.determinism)
      if (!level.starts_with("bitwise"))
        return fmt::format("plan '{}' of {} is {}, not bitwise", plan, side->folder.string(), level);
  }
  std::set<std::string> backends;
  for (const CellRecord& record : run.cells) backends.insert(record.cell.backend);
  const bool bf16 = multiplies_bf16(run);
  for (const std::string& backend : backends) {
    const auto before = facts_of_bits(baseline.provenance, backend, bf16);
    const auto now = facts_of_bits(run.provenance, backend, bf16);
    for (std::size_t i = 0; i < before.size(); ++i)
      if (before[i].second != now[i].second)
        return fmt::format("not the same {}: {} then, {} now", before[i].first, value_text(before[i].second),
                           value_text(now[i].second));
  }
  if (const std::set<int> before = ranks_that_share(baseline), now = ranks_that_share(run); before != now)
    return fmt::format("the ranks of a step share its examples, and are not as many: {} then, {} now",
                       fmt::join(before, ", "), fmt::join(now, ", "));
  return "";
}

namespace {

/// "RUN is of 2 machines: Zen 3, 2 cores; Zen 4, 2 cores"; empty of an unmixed run.
std::string mixed_text(const Run& run) {
  if (run.provenance.machines.empty()) return "";
  std::string text;
  for (const auto& [id, machine] : run.provenance.machines) {
    Provenance one = run.provenance;
    one.machine = machine;
    text += (text.empty() ? "" : "; ") + machine_text(one);
  }
  return fmt::format("{} is of {} machines (--mix), and each cell's times are of the one it ran on: {}",
                     run.folder.string(), run.provenance.machines.size(), text);
}

}  // namespace

std::vector<std::string> notes_of(const Run& run, const Run& baseline) {
  std::vector<std::string> notes;
  for (const Run* side : {&baseline, &run}) {
    if (std::string text = mixed_text(*side); !text.empty()) notes.push_back(std::move(text));
    if (const std::string to_do = to_do_text(*side); !to_do.empty())
      notes.push_back(fmt::format("{} is not finished: {}", side->folder.string(), to_do));
  }
  if (const std::size_t unknown = cells_of_unknown_data(baseline, run); unknown > 0)
    notes.push_back(
        fmt::format("the baseline does not say which data {} of its cells read (records of an older program): "
                    "that this run read the same is not known",
                    unknown));
  return notes;
}

}  // namespace frugal::harness
