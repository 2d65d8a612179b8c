// A training step and a prediction of DLRM: on Criteo's 13 dense and 26 categorical features, and at the shape of
// Meta's benchmark (bench/dlrm_s_benchmark.sh of facebookresearch/dlrm), beside what the machine's limits allow.
#include "impl/cpu/recommender/dlrm.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>

#include <vector>

#include "benchmarks/micro/machine.hpp"
#include "benchmarks/micro/recommender_shapes.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/flops.hpp"

namespace {

using namespace frugal;

/// small: the defaults of the suite. Otherwise the layers of Meta's reference for Criteo Kaggle.
DlrmSpec criteo_spec(bool small, OptimizerKind optimizer) {
  DlrmSpec spec{.table_rows = std::vector<std::uint32_t>(26, 20000), .optimizer = optimizer};
  if (!small) {
    spec.bottom = {512, 256, 64, 16};
    spec.top = {512, 256, 1};
  }
  return spec;
}

struct CriteoExamples {
  CriteoExamples(const DlrmSpec& spec, std::size_t count) {
    const Philox random(1, Purpose::test);
    for (std::size_t i = 0; i < count * 13; ++i) dense.push_back(random.uniform(i, 0));
    for (std::size_t i = 0; i < count * 26; ++i) {
      const float u = random.uniform(i, 1);  // ids with a head
      ids.push_back(static_cast<std::uint32_t>(u * u * u * static_cast<float>(spec.table_rows[0])));
    }
    for (std::size_t i = 0; i < count; ++i) labels.push_back(static_cast<float>(random.below(2, i, 2)));
  }
  ClickBatch batch() const { return {dense, ids, labels}; }
  std::vector<float> dense;
  std::vector<std::uint32_t> ids;
  std::vector<float> labels;
};

/// Arguments: 1 for small layers, the optimiser.
void dlrm_step(benchmark::State& state) {
  const DlrmSpec spec = criteo_spec(state.range(0) != 0, static_cast<OptimizerKind>(state.range(1)));
  const auto model = cpu::make(spec);
  const CriteoExamples examples(spec, static_cast<std::size_t>(spec.batch));
  model->set_examples(examples.batch());
  model->train(1);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(1));
  state.SetItemsProcessed(state.iterations() * spec.batch);
}
BENCHMARK(dlrm_step)
    ->ArgNames({"small", "optimizer"})
    ->ArgsProduct({{1, 0}, {0, 1, 2, 3}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// Steps whose examples lie beyond the caches. Argument: steps a call. In calls of several the next step's examples are
/// gathered beside the work.
void dlrm_steps(benchmark::State& state) {
  const DlrmSpec spec = criteo_spec(/*small=*/true, OptimizerKind::rowwise_adagrad);
  const auto model = cpu::make(spec);
  const CriteoExamples examples(spec, std::size_t{1} << 20);
  model->set_examples(examples.batch());
  model->train(1);
  const auto steps = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(model->train(steps));
  state.SetItemsProcessed(state.iterations() * state.range(0) * spec.batch);
}
BENCHMARK(dlrm_steps)->ArgName("steps")->Arg(1)->Arg(16)->Unit(benchmark::kMillisecond)->UseRealTime();

void dlrm_predict(benchmark::State& state) {
  const DlrmSpec spec = criteo_spec(state.range(0) != 0, OptimizerKind::adagrad);
  const auto model = cpu::make(spec);
  const CriteoExamples examples(spec, 16384);
  std::vector<float> logits(16384);
  for (auto _ : state) model->predict(examples.batch(), logits);
  state.SetItemsProcessed(state.iterations() * 16384);
}
BENCHMARK(dlrm_predict)->ArgNames({"small"})->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond)->UseRealTime();

constexpr std::uint32_t longest_bag = 99;  // 1 to 99 ids, 50 on average

/// The label says what takes the time of the roof: computation, and beside it the tables. Nearly every lookup is a row
/// of its own: read once forward, read and written once by the update, with the cache line of its state.
void dlrm_meta_step(benchmark::State& state) {
  const DlrmSpec spec = micro::meta_dlrm();
  const auto model = cpu::make(spec);
  const micro::MetaExamples examples(spec, 3 * static_cast<std::size_t>(spec.batch), longest_bag);
  model->set_examples(examples.batch());
  model->train(1);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(1));
  state.SetItemsProcessed(state.iterations() * spec.batch);

  const double lookups = static_cast<double>(examples.ids.size()) / 3;
  const double row = 4.0 * spec.embedding_dim;
  const Flops flops =
      epoch_flops(spec, static_cast<std::uint64_t>(spec.batch),
                  lookups / static_cast<double>(spec.batch) / static_cast<double>(spec.table_rows.size()));
  const double bytes = lookups * (3 * row + 2 * 64);
  const int threads = omp_get_max_threads();
  const micro::Roof roof = micro::roof_of(
      {.flops = flops.forward + flops.backward,
       .traffic = {{bytes, row * static_cast<double>(spec.table_rows.size()) * spec.table_rows[0] / threads}},
       .threads = threads});
  const double steps = static_cast<double>(state.iterations());
  using benchmark::Counter;
  state.counters["GFLOP"] = flops.total() / 1e9;
  state.counters["GFLOP/s"] = Counter(flops.total() / 1e9 * steps, Counter::kIsRate);
  state.counters["MB of tables"] = bytes / 1e6;
  // Time of the roof over the time measured.
  state.counters["share of bound"] = Counter(roof.seconds * steps, Counter::kIsRate);
  state.SetLabel(fmt::format("bound by {}, {:.0f} ms", roof.bound, roof.seconds * 1e3));
}
BENCHMARK(dlrm_meta_step)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
