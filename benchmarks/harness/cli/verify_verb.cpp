// `frugal verify`: is a back end right, here, on this machine?
#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "impl/equivalence/equivalence.hpp"

namespace frugal::harness {
namespace {

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (const Backend* backend : backends()) names.push_back(backend->name());
  return names;
}

struct Tally {
  int good = 0;
  int bad = 0;
  int unsupported = 0;

  void count(const EquivalenceCheck& check) { ++(!check.unsupported.empty() ? unsupported : check.ok() ? good : bad); }
  std::string text() const {
    std::string words = bad > 0 ? fmt::format("FAILED: {} of {} checks", bad, good + bad) : fmt::format("{} ok", good);
    return unsupported > 0 ? words + fmt::format(", {} unsupported", unsupported) : words;
  }
};

std::vector<std::string> row_of(const EquivalenceCheck& check) {
  if (!check.unsupported.empty()) return {check.name, "-", "-", "unsupported: " + check.unsupported};
  return {check.name, fmt::format("{:.2e}", check.error), fmt::format("{:.2e}", check.bound),
          check.ok() ? "ok" : "FAILED"};
}

/// The checks of one contract.
struct ModelChecks {
  const char* name;
  std::vector<EquivalenceCheck> (*checks)(const Backend& oracle, const Backend& candidate);
};
constexpr ModelChecks all_models[] = {
    {"inr", check_inr}, {"mf", check_matrix_factorizer}, {"two_tower", check_two_tower}, {"dlrm", check_dlrm}};

/// A line a contract as soon as it is done, then what failed (with `all`: each check), and the verdict last.
Tally verify(const Backend& candidate, bool all) {
  const Backend& oracle = *backends().front();
  std::vector<std::vector<std::string>> rows = {{"check", "error", "bound", "verdict"}};
  Tally tally;
  fmt::print("{} against {}\n", candidate.name(), oracle.name());
  for (const ModelChecks& model : all_models) {
    Tally of_model;
    for (const EquivalenceCheck& check : model.checks(oracle, candidate)) {
      of_model.count(check);
      tally.count(check);
      if (all || !check.ok()) rows.push_back(row_of(check));
    }
    fmt::print("  {:<10}{}\n", model.name, of_model.text());
    std::fflush(stdout);
  }
  if (rows.size() > 1) fmt::print("{}", text_table(rows, 2));
  fmt::print("{}: {}\n", candidate.name(), tally.text());
  return tally;
}

int run_verify(const Call& call) {
  std::vector<const Backend*> candidates;
  if (const auto name = call.one("backend")) {
    const Backend* backend = find_backend(*name);
    if (backend == backends().front()) throw UserError(*name + " is the oracle; give another back end");
    if (const Support support = backend->available(); !support)
      throw UnavailableError(fmt::format("back end {}: {}", *name, support.reason));
    candidates.push_back(backend);
  } else {
    for (const Backend* backend : backends()) {
      const Support support = backend->available();
      if (!support) fmt::print(stderr, "{} is not checked: {}\n", backend->name(), support.reason);
      if (support && backend != backends().front()) candidates.push_back(backend);
    }
    if (candidates.empty()) throw UnavailableError("no back end but the reference can run here: nothing to check");
  }
  bool all_good = true;
  for (const Backend* candidate : candidates) {
    const Tally tally = verify(*candidate, call.has("all"));
    if (tally.good + tally.bad == 0)
      throw UnavailableError(
          fmt::format("back end {} supports none of the checks: nothing was proved", candidate->name()));
    all_good = all_good && tally.bad == 0;
  }
  return all_good ? exit_ok : exit_gate;
}

}  // namespace

Verb verify_verb() {
  return {
      .name = "verify",
      .summary = "check a back end against the reference on this machine",
      .help =
          "Checks back ends against `reference`, step by step from the same state, on this machine. Without "
          "--backend: all that can run here. Prints a line for each of their models, what failed, and the verdict.\n\n"
          "Exit code 1: a check failed; 4: the back end is not available.",
      .options = {{.name = "backend",
                   .value = "NAME",
                   .help = "the one to check",
                   .values = {.words = backend_names(), .closed = true}},
                  {.name = "all", .value = "", .help = "prints each check, not only those that failed", .letter = 'v'}},
      .examples = {"frugal verify", "frugal verify --backend cpu --all"},
      .run = run_verify};
}

}  // namespace frugal::harness
