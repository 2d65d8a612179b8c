#include "benchmarks/micro/machine.hpp"

#include <omp.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <numeric>
#include <utility>

#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/caches.hpp"
#include "impl/cpu/kernels/probe_kernels.hpp"

namespace frugal::micro {
namespace {

/// Bytes a thread reads to see a level: well inside a cache, well beyond all of them.
double probed_bytes(Level level, int threads) {
  switch (level) {
    case Level::l1:
      return cpu::cache_bytes()[0] / 2;
    case Level::l2:
      return cpu::cache_bytes()[1] / 2;
    case Level::l3:
      return std::max(cpu::cache_bytes()[2] / 2 / threads, 2 * cpu::cache_bytes()[1]);
    case Level::memory:
      break;
  }
  return 4 * cpu::cache_bytes()[2] / threads;
}

/// Units a second of all threads together, in the best of several tries. start() gives each thread a function that does
/// so many units; they start it together. A core's own units are timed by the thread's own clock, so that a busy
/// neighbour does not count; what the cores share, when several use it, by the wall's.
template <class Start>
double best_rate(int threads, double units, bool shared, const Start& start) {
  constexpr int tries = 20;
  const clockid_t clock = shared && threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
  const auto now = [clock] {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  std::vector<double> rates(threads);
  double best = 0;
#pragma omp parallel num_threads(threads)
  {
    auto work = start();
    for (int i = 0; i < tries; ++i) {
#pragma omp barrier
      const double began = now();
      [[maybe_unused]] const volatile float keep = work();
      rates[omp_get_thread_num()] = units / (now() - began);
#pragma omp barrier
#pragma omp master
      best = std::max(best, std::accumulate(rates.begin(), rates.end(), 0.));
    }
  }
  return best;
}

/// FLOP/s; a round of `probe` is so many `flops`.
double measure_peak(float (*probe)(long), double flops, int threads) {
  constexpr long rounds = 200'000;
  return best_rate(threads, flops * rounds, false, [probe] { return [probe] { return probe(rounds); }; });
}

/// Bytes/s; `probe` moves so many bytes for each value of its array.
template <class Pointer>
double measure_bandwidth(float (*probe)(Pointer, long, long), double bytes, Level level, int threads) {
  const long n = static_cast<long>(probed_bytes(level, threads) / sizeof(float)) / cpu::probe_block * cpu::probe_block;
  const long passes = std::max(1L, (16L << 20) / n);
  return best_rate(threads, bytes * static_cast<double>(passes * n), level >= Level::l3, [probe, n, passes] {
    cpu::AlignedBuffer<float> data(static_cast<std::size_t>(n));
    std::fill(data.begin(), data.end(), 1.F);  // by the thread that uses it: memory of its own node
    return [probe, n, passes, data = std::move(data)]() mutable { return probe(data.data(), n, passes); };
  });
}

MachineLimits measure(int threads) {
  const cpu::ProbeKernels& probes = cpu::probe_kernels();
  MachineLimits limits{};
  limits.fp32 = measure_peak(probes.multiply_add, probes.multiply_add_flops, threads);
  if (cpu::has_bf16())
    limits.bf16 =
        measure_peak(cpu::bf16_probe_kernels().multiply_add, cpu::bf16_probe_kernels().multiply_add_flops, threads);
  for (const Level level : {Level::l1, Level::l2, Level::l3, Level::memory}) {
    const auto index = static_cast<std::size_t>(level);
    limits.read[index] = measure_bandwidth(probes.read, sizeof(float), level, threads);
    for (const auto probe : {probes.update_one, probes.update_three})
      limits.update[index] =
          std::max(limits.update[index], measure_bandwidth(probe, 1.5 * sizeof(float), level, threads));
  }
  return limits;
}

}  // namespace

const MachineLimits& machine_limits(int threads) {
  static std::map<int, MachineLimits> measured;
  const auto found = measured.find(threads);
  return found != measured.end() ? found->second : measured.emplace(threads, measure(threads)).first->second;
}

Level level_of(double bytes, int threads) {
  if (bytes <= cpu::cache_bytes()[0]) return Level::l1;
  if (bytes <= cpu::cache_bytes()[1]) return Level::l2;
  return bytes * threads <= cpu::cache_bytes()[2] ? Level::l3 : Level::memory;
}

Roof roof_of(const Work& work) {
  constexpr std::array names{"L1", "L2", "L3", "memory"};
  const MachineLimits& limits = machine_limits(work.threads);
  Roof roof{.peak = work.bf16 ? limits.bf16 : limits.fp32, .seconds = 0, .bytes = 0, .bound = "compute"};
  roof.seconds = work.flops / roof.peak;
  double longest = 0;
  for (const Traffic& traffic : work.traffic) {
    const auto level = static_cast<std::size_t>(level_of(traffic.resident, work.threads));
    const double seconds = traffic.bytes / std::max(limits.read[level], limits.update[level]);
    if (seconds > longest) {
      longest = seconds;
      roof.bytes = traffic.bytes;
    }
    if (seconds > roof.seconds) {
      roof.seconds = seconds;
      roof.bound = names[level];
    }
  }
  return roof;
}

}  // namespace frugal::micro
