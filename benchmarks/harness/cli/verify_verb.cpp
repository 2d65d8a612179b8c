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
};

Tally verify(const Backend& candidate, bool only_failures) {
  const Backend& oracle = *backends().front();
  std::vector<std::vector<std::string>> rows = {{"check", "error", "bound", "verdict"}};
  Tally tally;
  for (auto* const check : {check_inr, check_matrix_factorizer, check_two_tower, check_dlrm}) {
    for (const EquivalenceCheck& one : check(oracle, candidate)) {
      const bool is_unsupported = !one.unsupported.empty();
      ++(is_unsupported ? tally.unsupported : one.ok() ? tally.good : tally.bad);
      if (only_failures && one.ok()) continue;
      if (is_unsupported)
        rows.push_back({one.name, "-", "-", "unsupported: " + one.unsupported});
      else
        rows.push_back(
            {one.name, fmt::format("{:.2e}", one.error), fmt::format("{:.2e}", one.bound), one.ok() ? "ok" : "FAILED"});
    }
  }
  fmt::print("{} against {}\n", candidate.name(), oracle.name());
  if (rows.size() > 1) fmt::print("{}", text_table(rows, 2));
  fmt::print("{}: {} ok, {} failed, {} unsupported\n", candidate.name(), tally.good, tally.bad, tally.unsupported);
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
    const Tally tally = verify(*candidate, call.has("failures"));
    if (tally.good + tally.bad == 0)
      throw UnavailableError(
          fmt::format("back end {} supports none of the checks: nothing was proved", candidate->name()));
    all_good = all_good && tally.bad == 0;
  }
  return all_good ? exit_ok : exit_gate;
}

}  // namespace

Verb verify_verb() {
  return {.name = "verify",
          .summary = "check a back end against the reference on this machine",
          .help =
              "Checks back ends against `reference`, step by step from the same state, on this machine. Without "
              "--backend: all that can run here.\n\nExit code 1: a check failed; 4: the back end is not available.",
          .options = {{.name = "backend",
                       .value = "NAME",
                       .help = "the one to check",
                       .values = {.words = backend_names(), .closed = true}},
                      {.name = "failures", .value = "", .help = "prints only the checks that failed"}},
          .examples = {"frugal verify", "frugal verify --backend cpu"},
          .run = run_verify};
}

}  // namespace frugal::harness
