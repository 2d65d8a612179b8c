// Matrix factorisation at the size of MovieLens-1M: one epoch of each solver, at the dimensions of the plans.
#include <benchmark/benchmark.h>

#include <cmath>
#include <set>
#include <vector>

#include "impl/common/flops.hpp"
#include "impl/common/philox.hpp"
#include "impl/cpu/matrix_factorizer.hpp"

namespace {

using namespace frugal;

constexpr std::uint32_t users = 6040;
constexpr std::uint32_t items = 3706;

/// About a million distinct pairs with popular items and busy users.
const std::vector<Interaction>& positives() {
  static const std::vector<Interaction> pairs = [] {
    std::vector<Interaction> list;
    const Philox random(1, Purpose::test);
    for (std::uint32_t user = 0; user < users; ++user) {
      const double count = 96 * std::exp(random.normal(user, 1));
      std::set<std::uint32_t> history;
      for (std::uint64_t k = 0; k < static_cast<std::uint64_t>(std::min(count, 2000.0)); ++k) {
        const double rank = std::pow(double{random.uniform(k, 2 + user)}, 2);
        history.insert(static_cast<std::uint32_t>(rank * items));
      }
      for (const std::uint32_t item : history) list.push_back({user, item});
    }
    return list;
  }();
  return pairs;
}

void epoch(benchmark::State& state, MfSolver solver) {
  const MfSpec spec{.solver = solver, .users = users, .items = items, .dim = static_cast<int>(state.range(0))};
  const auto model = cpu::make(spec);
  model->set_interactions(positives());
  model->train(1);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(1));
  const double count = static_cast<double>(positives().size());
  const double examples = solver == MfSolver::logistic_sgd ? count * (1 + spec.negatives) : count;
  const double iterations = static_cast<double>(state.iterations());
  state.counters["examples/s"] = benchmark::Counter(examples * iterations, benchmark::Counter::kIsRate);
  state.counters["FLOP/s"] =
      benchmark::Counter(epoch_flops(spec, positives().size()).total() * iterations, benchmark::Counter::kIsRate);
}

void logistic_sgd(benchmark::State& state) { epoch(state, MfSolver::logistic_sgd); }
void ials(benchmark::State& state) { epoch(state, MfSolver::ials); }

BENCHMARK(logistic_sgd)->Arg(16)->Arg(64)->Arg(192)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ials)->Arg(16)->Arg(64)->Arg(192)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
