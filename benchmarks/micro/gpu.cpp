// Training steps of the cuda back end, set-up apart:
//
//   micro_gpu [--benchmark_filter=REGEX] [--benchmark_repetitions=5]
//
//   inr_step         a step of each network of plans/paper_enrp.yaml, in calls of 100 steps, in each precision; in
//                    fp32 with other activations too
//   many_networks    a step of so many networks of 32 x 32 pixels, 3 x 64, in calls of 50 steps
//   mf_sgd, mf_ials  an epoch, an iteration, on planted data of the size of MovieLens-1M and 20M
//   two_tower_step   batch, and 1 when the embeddings are trained; in calls of 100 steps
//   dlrm_step        Meta's layers by the longest bag (1: one id a table) and the precision
//   dlrm_set_up      its eight tables of a million rows
//   readings         energy, clock, temperature and throttling, which a record's stages ask for when they begin and end
//
// Times are the wall's, in microseconds of a step, with the results of the call on the host. What a process waits for
// before its first step goes to stderr. Exit 4 without a device.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/micro/recommender_shapes.hpp"
#include "benchmarks/micro/structures.hpp"
#include "impl/api/backend.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/cuda/backend.hpp"

namespace {

using namespace frugal;

constexpr int steps_at_once = 100;
constexpr Precision precisions[] = {Precision::fp32, Precision::tf32, Precision::bf16};

/// What one iteration of the loop did, for the columns of the output.
void count_steps(benchmark::State& state, const std::string& implementation, int steps, double flops) {
  const double done = static_cast<double>(state.iterations()) * steps;
  state.counters["us/step"] =
      benchmark::Counter(done * 1e-6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["TFLOP/s"] = benchmark::Counter(flops * done * 1e-12, benchmark::Counter::kIsRate);
  state.SetLabel(implementation);
}

void train_networks(benchmark::State& state, const InrSpec& spec, int steps) {
  const Philox random(1, Purpose::test);
  std::vector<float> coordinates(static_cast<std::size_t>(spec.points * spec.inputs));
  std::vector<float> targets(static_cast<std::size_t>(spec.networks * spec.points * spec.channels));
  for (std::size_t i = 0; i < coordinates.size(); ++i) coordinates[i] = 2 * random.uniform(i, 0) - 1;
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = 2 * random.uniform(i, 1) - 1;
  const auto model = cuda::backend().make(spec);
  model->set_samples(coordinates, targets);
  model->train(steps);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(steps));
  count_steps(state, model->implementation(), steps, step_flops(spec).total());
}

void factorize(benchmark::State& state, MfSpec spec, bool large) {
  spec.users = large ? 138493 : 6040;
  spec.items = large ? 26744 : 3706;
  const auto positives = micro::positives_with_a_head(spec.users, spec.items, large ? 20000263 : 1000209);
  const auto model = cuda::backend().make(spec);
  model->set_interactions(positives);
  model->train(1);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(2));
  count_steps(state, model->implementation(), 2, epoch_flops(spec, positives.size()).total());
}

void train_towers(benchmark::State& state, TwoTowerSpec spec) {
  const auto model = cuda::backend().make(spec);
  const auto positives = micro::positives_with_a_head(spec.users, spec.items, 994169);
  model->set_interactions(positives);
  model->train(steps_at_once);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(steps_at_once));
  count_steps(state, model->implementation(), steps_at_once,
              epoch_flops(spec, static_cast<std::uint64_t>(spec.batch)).total());
}

void train_clicks(benchmark::State& state, DlrmSpec spec, std::uint32_t longest_bag) {
  const auto model = cuda::backend().make(spec);
  const micro::MetaExamples examples(spec, 8 * static_cast<std::size_t>(spec.batch), longest_bag);
  model->set_examples(examples.batch());
  constexpr int steps = 16;
  model->train(steps);
  for (auto _ : state) benchmark::DoNotOptimize(model->train(steps));
  const double ids_a_bag = static_cast<double>(examples.ids.size()) / static_cast<double>(examples.offsets.size() - 1);
  count_steps(state, model->implementation(), steps,
              epoch_flops(spec, static_cast<std::uint64_t>(spec.batch), ids_a_bag).total());
}

void set_up_clicks(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(cuda::backend().make(micro::meta_dlrm()));
}

void read_sensors(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(cuda::backend().readings());
}

template <class Body>
double seconds_of(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class Function, class... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { function(state, arguments...); })
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

void add_all() {
  for (const micro::Structure& structure : micro::enrp_structures()) {
    for (const Precision precision : precisions) {
      InrSpec spec = structure.spec;
      spec.precision = precision;
      add(fmt::format("inr_step/{}/{}", structure.name, to_word(precision_names, precision)), train_networks, spec,
          steps_at_once);
    }
  }
  for (const micro::Structure& structure : micro::enrp_structures()) {
    for (const auto& [activation, word] : activation_names) {
      if (activation == Activation::sine) continue;
      InrSpec spec = structure.spec;
      spec.activation = activation;
      add(fmt::format("inr_step/{}/fp32/{}", structure.name, word), train_networks, spec, steps_at_once);
    }
  }
  for (const Precision precision : precisions)
    add(fmt::format("many_networks/60000/{}", to_word(precision_names, precision)), train_networks,
        InrSpec{.networks = 60000, .points = 1024, .hidden_layers = 3, .width = 64, .precision = precision}, 50);
  for (const bool large : {false, true}) {
    const char* size = large ? "20m" : "1m";
    add(fmt::format("mf_sgd/{}/64", size), factorize, MfSpec{.dim = 64}, large);
    for (const int dim : {64, 128, 256})
      add(fmt::format("mf_ials/{}/{}", size, dim), factorize, MfSpec{.solver = MfSolver::ials, .dim = dim}, large);
  }
  for (const auto& [batch, trainable] : {std::pair{1024, true}, std::pair{8192, false}, std::pair{8192, true}})
    add(fmt::format("two_tower_step/{}/{}", batch, trainable ? 1 : 0), train_towers,
        micro::movielens_towers(batch, trainable));
  for (const std::uint32_t longest_bag : {1, 99}) {
    for (const Precision precision : precisions) {
      DlrmSpec spec = micro::meta_dlrm();
      spec.precision = precision;
      add(fmt::format("dlrm_step/{}/{}", longest_bag, to_word(precision_names, precision)), train_clicks, spec,
          longest_bag);
    }
  }
  add("dlrm_set_up", set_up_clicks);
  add("readings", read_sensors);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  Support available = Support::yes();
  const double driver_s = seconds_of([&] { available = cuda::backend().available(); });
  if (!available) {
    std::fprintf(stderr, "micro_gpu: %s\n", available.reason.c_str());
    return 4;
  }
  const InrSpec smallest{.points = 16, .hidden_layers = 1, .width = 8};
  const double context_s = seconds_of([&] { cuda::backend().make(smallest)->export_state(); });
  std::fprintf(stderr, "start: %.2f s until the driver answers, %.2f s until a first model is on the device\n",
               driver_s, context_s);
  add_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
