// `frugal verify`: is a back end right, here, on this machine?
#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/options.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/equivalence/equivalence.hpp"

namespace frugal::harness {
namespace {

const VerbSpec verify_verb = {
    "verify [--backend NAME] [--failures]",
    "Checks back ends against `reference`, step by step from the same state, on this machine. Without --backend: all\n"
    "that can run here. Exit code 1: a check failed; 4: the back end is not available.",
    0,
    0,
    {{"backend", "NAME", "the one to check"}, {"failures", "", "prints only the checks that failed"}},
    {"frugal verify", "frugal verify --backend cpu"}};

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

}  // namespace

int run_verify_verb(const Args& args) {
  const std::optional<ParsedOptions> options = parse_options(verify_verb, args);
  if (!options) return exit_ok;
  std::vector<const Backend*> candidates;
  if (const auto name = options->one("backend")) {
    const Backend* backend = find_backend(*name);
    if (backend == nullptr) throw UserError(unknown_word("back end", *name, backend_names()));
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
    const Tally tally = verify(*candidate, options->has("failures"));
    if (tally.good + tally.bad == 0)
      throw UnavailableError(
          fmt::format("back end {} supports none of the checks: nothing was proved", candidate->name()));
    all_good = all_good && tally.bad == 0;
  }
  return all_good ? exit_ok : exit_gate;
}

}  // namespace frugal::harness
