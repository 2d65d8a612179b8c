// Matrix factorisation at the size of MovieLens-1M: one epoch of each solver on all threads (OMP_NUM_THREADS), at the
// dimensions of the plans, beside its roofline (columns: roofline.hpp).
//
//   micro_mf --benchmark_counters_tabular=true [--benchmark_filter=REGEX]
//
// FLOP is impl/common/flops.hpp's. bytes: of logistic SGD the rows of each example, read and written in the block that
// holds them; of iALS a gather and a read of each row of each history.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <cmath>
#include <set>
#include <vector>

#include "benchmarks/micro/roofline.hpp"
#include "impl/api/backend.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/matrix_factorizer.hpp"

using namespace frugal;

namespace {

constexpr std::uint32_t users = 6040;
constexpr std::uint32_t items = 3706;

/// About a million distinct pairs with popular items and busy users.
const std::vector<Interaction>& positives() {
  static const std::vector<Interaction> pairs = [] {
    std::vector<Interaction> list;
    const Philox random(1, Purpose::test);
    for (std::uint32_t user = 0; user < users; ++user) {
      const double count = 112 * std::exp(random.normal(user, 1));
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

/// Bytes between the cores and the caches in one epoch, and where they rest meanwhile.
micro::Traffic traffic(const MfSpec& spec) {
  const double row = sizeof(float) * static_cast<double>(spec.dim);
  const double count = static_cast<double>(positives().size());
  if (spec.solver == MfSolver::logistic_sgd)
    return {count * (1 + spec.negatives) * 4 * row, (users + items) * row / MfSchedule(spec, positives()).groups()};
  return {2 * count * 3 * row, (cpu::history_rows + static_cast<double>(spec.dim)) * row};
}

void epoch(benchmark::State& state, MfSolver solver) {
  const MfSpec spec{.solver = solver, .users = users, .items = items, .dim = static_cast<int>(state.range(0))};
  const auto model = cpu::make(spec);
  model->set_interactions(positives());
  model->train(1);
  const micro::Work work{.flops = epoch_flops(spec, positives().size()).total(),
                         .traffic = {traffic(spec)},
                         .threads = omp_get_max_threads()};
  micro::measure(state, work, 1, [&] { benchmark::DoNotOptimize(model->train(1)); });
}

void logistic_sgd(benchmark::State& state) { epoch(state, MfSolver::logistic_sgd); }
void ials(benchmark::State& state) { epoch(state, MfSolver::ials); }

BENCHMARK(logistic_sgd)->Arg(16)->Arg(64)->Arg(192)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ials)->Arg(16)->Arg(64)->Arg(192)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

int main(int argc, char** argv) {
  return micro::run(argc, argv, [] {});
}
