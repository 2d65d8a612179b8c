// A Google Benchmark row beside its roofline: the counters that every program of this folder prints.
//
//   FLOP     of one call
//   bytes    that must move between the cores and the level of memory that holds the operands
//   peak%    FLOP/s against the measured fused multiply-adds (bf16: products of pairs) of the threads used
//   roof%    the least time that peak and bandwidth allow, against the time it took
//   s        seconds of one call: on one thread its own, so that a busy neighbour does not count; else of the
//            wall's clock
//   label    what sets that least time: compute, L1, L2, L3 or memory
#pragma once
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>

#include <array>
#include <ctime>
#include <iostream>
#include <vector>

#include "benchmarks/micro/machine.hpp"
#include "impl/api/backend.hpp"
#include "impl/cpu/kernels/isa.hpp"

namespace frugal::micro {

/// Seconds of this thread's own where it works alone, so that a busy neighbour does not count; else of the wall.
inline double seconds_now(int threads) {
  timespec now{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Times body(), which does `repeats` times `work`, and reports the columns above for one of them.
template <class Body>
void measure(benchmark::State& state, const Work& work, int repeats, const Body& body) {
  const Roof roof = roof_of(work);
  const double start = seconds_now(work.threads);
  for (auto _ : state) {
    body();
    benchmark::ClobberMemory();
  }
  const double elapsed = seconds_now(work.threads) - start;
  const double seconds = elapsed / (static_cast<double>(state.iterations()) * repeats);
  state.counters["s"] = seconds;
  state.counters["FLOP"] = work.flops;
  state.counters["FLOP/s"] = work.flops / seconds;
  state.counters["bytes"] = roof.bytes;
  state.counters["bytes/s"] = roof.bytes / seconds;
  state.counters["peak%"] = 100 * work.flops / seconds / roof.peak;
  state.counters["roof%"] = 100 * roof.seconds / seconds;
  state.SetLabel(roof.bound);
}

/// The limits, above the table and in the JSON.
inline void describe_machine() {
  std::vector<int> counts{1};
  if (omp_get_max_threads() > 1) counts.push_back(omp_get_max_threads());
  for (const int threads : counts) {
    const MachineLimits& limits = machine_limits(threads);
    const auto gigabytes = [](const std::array<double, 4>& levels) {
      return fmt::format("L1 {:.1f}, L2 {:.1f}, L3 {:.1f}, memory {:.1f} GB/s", levels[0] / 1e9, levels[1] / 1e9,
                         levels[2] / 1e9, levels[3] / 1e9);
    };
    benchmark::AddCustomContext(
        fmt::format("limits of {} thread{}", threads, threads == 1 ? "" : "s"),
        fmt::format("{}: fp32 {:.1f}, bf16 {:.1f} GFLOP/s; read {}; a += b {}", cpu::isa_name(), limits.fp32 / 1e9,
                    limits.bf16 / 1e9, gigabytes(limits.read), gigabytes(limits.update)));
  }
}

/// main() of a program: 0 or, of bad arguments, 2, or, where the cpu back end cannot run, 4. add_rows(): registers what
/// is not there at the start.
template <class AddRows>
int run(int argc, char** argv, const AddRows& add_rows) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (const Support available = find_backend("cpu")->available(); !available) {
    std::cerr << available.reason << '\n';
    return 4;
  }
  describe_machine();
  add_rows();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace frugal::micro
