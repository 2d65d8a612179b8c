// One training step of each network of plans/enrp_lake.yaml, and the kernels it is made of.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <memory>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/philox.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/matmul.hpp"

namespace frugal {
namespace {

constexpr int size = 128;          // pixels a side, as in the plan
constexpr int steps_at_once = 20;  // a back end may keep a sub-network in cache over the steps of one call

std::vector<float> uniform_values(std::size_t n) {
  const Philox random(1, Purpose::test);
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = 2 * random.uniform(i) - 1;
  return values;
}

void train_step(benchmark::State& state, const char* backend_name, InrSpec spec) {
  const Backend* backend = find_backend(backend_name);
  spec.tile = size / spec.grid;
  if (const Support available = backend->available(); !available) {
    state.SkipWithError(available.reason.c_str());
    return;
  }
  const auto model = backend->make(spec);
  model->set_signal(uniform_values(std::size_t{size} * size * 3));
  model->train(1);  // makes the primitives and touches the memory
  for (auto _ : state) benchmark::DoNotOptimize(model->train(steps_at_once));
  const Flops flops = step_flops(spec);
  state.counters["FLOP/s"] = benchmark::Counter((flops.forward + flops.backward) * steps_at_once,
                                                benchmark::Counter::kIsIterationInvariantRate);
  state.counters["s/step"] =
      benchmark::Counter(steps_at_once, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

#define FRUGAL_INR_STEP(name, grid_, layers_, width_)                                                                 \
  BENCHMARK_CAPTURE(train_step, cpu / name, "cpu", InrSpec{.grid = grid_, .hidden_layers = layers_, .width = width_}) \
      ->Unit(benchmark::kMillisecond)                                                                                 \
      ->UseRealTime()
FRUGAL_INR_STEP(S0, 2, 5, 64);
FRUGAL_INR_STEP(S1, 4, 2, 64);
FRUGAL_INR_STEP(S2, 8, 1, 128);
FRUGAL_INR_STEP(S3, 16, 1, 128);
FRUGAL_INR_STEP(S4, 32, 1, 128);
FRUGAL_INR_STEP(SIREN, 1, 3, 256);
#undef FRUGAL_INR_STEP

void sine_cosine(benchmark::State& state) {
  constexpr long n = 4096;
  std::vector<float> x = uniform_values(n);
  for (float& value : x) value *= 50;  // phases of a first layer
  std::vector<float> sines(n), cosines(n);
  for (auto _ : state) {
    cpu::inr_kernels().sine_cosine(x.data(), sines.data(), cosines.data(), n);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(sine_cosine);

void adam(benchmark::State& state) {
  constexpr long n = 17283;  // one sub-network of S2 to S4
  const std::vector<float> g = uniform_values(n);
  std::vector<float> w(n), m(n), v(n, 1e-4F);
  const cpu::UpdateStep step{.learning_rate = 1e-4F,
                             .epsilon = 1e-8F,
                             .beta1 = .9F,
                             .beta2 = .999F,
                             .one_minus_beta1 = .1F,
                             .one_minus_beta2 = .001F,
                             .inverse_second = 1.F};
  for (auto _ : state) {
    cpu::inr_kernels().adam(step, g.data(), w.data(), m.data(), v.data(), n);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(adam);

/// Products of a tile of `rows` pixels, on one thread as in training: forward, input gradient, weight gradient.
void square_product(benchmark::State& state) {
  const std::int64_t rows = state.range(0);
  const std::int64_t width = state.range(1);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const cpu::MatmulShape shapes[] = {{.m = rows, .n = width, .k = width},
                                     {.m = rows, .n = width, .k = width, .transpose_b = true},
                                     {.m = width, .n = width, .k = rows, .transpose_a = true, .accumulate = true}};
  cpu::Matmul product(shapes[state.range(2)]);
  const std::vector<float> a = uniform_values(static_cast<std::size_t>(width * std::max(rows, width)));
  const std::vector<float> b = a;
  std::vector<float> c(a.size());
  for (auto _ : state) {
    product(a.data(), b.data(), c.data());
    benchmark::ClobberMemory();
  }
  omp_set_num_threads(threads);
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(rows * width * width),
                                                benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(square_product)->ArgNames({"rows", "width", "kind"})->ArgsProduct({{16, 64, 128}, {128}, {0, 1, 2}});
BENCHMARK(square_product)->ArgNames({"rows", "width", "kind"})->ArgsProduct({{256}, {64, 256}, {0, 1, 2}});

}  // namespace
}  // namespace frugal
