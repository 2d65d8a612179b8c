// A training step of the two-tower network at the scale of MovieLens-1M, and the ranking of its whole test set.
#include "impl/cpu/recommender/two_tower.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "benchmarks/micro/recommender_shapes.hpp"

namespace {

using namespace frugal;

using micro::movielens_towers;

std::vector<Interaction> movielens_positives(const TwoTowerSpec& spec) {
  return micro::positives_with_a_head(spec.users, spec.items, 994169);
}

/// Arguments: batch, 1 when the embeddings are trained.
void two_tower_step(benchmark::State& state) {
  const TwoTowerSpec spec = movielens_towers(state.range(0), state.range(1) != 0);
  const auto model = cpu::make(spec);
  model->set_interactions(movielens_positives(spec));
  model->train(3);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(1));
  state.SetItemsProcessed(state.iterations() * spec.batch);
}
BENCHMARK(two_tower_step)
    ->ArgNames({"batch", "trainable"})
    ->ArgsProduct({{256, 1024, 8192, 65536}, {1, 0}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// The same with batch softmax, of tables that are trained. Argument: batch.
void two_tower_softmax_step(benchmark::State& state) {
  TwoTowerSpec spec = movielens_towers(state.range(0), true);
  spec.loss = TwoTowerLoss::batch_softmax;
  const auto model = cpu::make(spec);
  model->set_interactions(movielens_positives(spec));
  model->train(3);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(1));
  state.SetItemsProcessed(state.iterations() * spec.batch);
}
BENCHMARK(two_tower_softmax_step)
    ->ArgNames({"batch"})
    ->Arg(1024)
    ->Arg(8192)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void two_tower_rank_all(benchmark::State& state) {
  const TwoTowerSpec spec = movielens_towers(1024, true);
  const auto model = cpu::make(spec);
  std::vector<Interaction> held_out;
  for (std::uint32_t u = 0; u < spec.users; ++u) held_out.push_back({u, u % spec.items});
  RankingQueries queries;
  queries.held_out = held_out;
  for (auto _ : state) benchmark::DoNotOptimize(model->rank(queries));
}
BENCHMARK(two_tower_rank_all)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
