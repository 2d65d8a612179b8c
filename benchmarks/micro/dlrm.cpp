// A training step and a prediction of DLRM on Criteo's 13 dense and 26 categorical features.
#include <benchmark/benchmark.h>

#include <vector>

#include "impl/common/philox.hpp"
#include "impl/cpu/recommender.hpp"

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
  model->train_step(examples.batch());
  for (auto _ : state) benchmark::DoNotOptimize(model->train_step(examples.batch()));
  state.SetItemsProcessed(state.iterations() * spec.batch);
}
BENCHMARK(dlrm_step)
    ->ArgNames({"small", "optimizer"})
    ->ArgsProduct({{1, 0}, {0, 1, 2, 3}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void dlrm_predict(benchmark::State& state) {
  const DlrmSpec spec = criteo_spec(state.range(0) != 0, OptimizerKind::adagrad);
  const auto model = cpu::make(spec);
  const CriteoExamples examples(spec, 16384);
  std::vector<float> logits(16384);
  for (auto _ : state) model->predict(examples.batch(), logits);
  state.SetItemsProcessed(state.iterations() * 16384);
}
BENCHMARK(dlrm_predict)->ArgNames({"small"})->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
