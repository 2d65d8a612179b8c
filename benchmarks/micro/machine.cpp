#include "benchmarks/micro/machine.hpp"

#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/isa.hpp"

namespace frugal::micro {
namespace {

// Each probe is compiled for its instruction set and called only where the processor has it. The results only keep the
// compiler from dropping the work.

constexpr int sums = 12;  // independent ones: two units with a latency of four or five cycles stay busy

[[gnu::target("avx2,fma"), gnu::noipa]] float multiply_add_avx2(long rounds) {
  const __m256 half = _mm256_set1_ps(.5F), one = _mm256_set1_ps(1);
  __m256 sum[sums];
  for (__m256& s : sum) s = one;
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < sums; ++s) sum[s] = _mm256_fmadd_ps(sum[s], half, one);
  __m256 total = one;
  for (const __m256& s : sum) total = _mm256_add_ps(total, s);
  return _mm256_cvtss_f32(total);
}

[[gnu::target("avx512f"), gnu::noipa]] float multiply_add_avx512(long rounds) {
  const __m512 half = _mm512_set1_ps(.5F), one = _mm512_set1_ps(1);
  __m512 sum[sums];
  for (__m512& s : sum) s = one;
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < sums; ++s) sum[s] = _mm512_fmadd_ps(sum[s], half, one);
  __m512 total = one;
  for (const __m512& s : sum) total = _mm512_add_ps(total, s);
  return _mm512_cvtss_f32(total);
}

[[gnu::target("avx512f,avx512bf16"), gnu::noipa]] float multiply_add_bf16(long rounds) {
  const auto one = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3f803f80));
  __m512 sum[sums];
  for (__m512& s : sum) s = _mm512_set1_ps(1);
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < sums; ++s) sum[s] = _mm512_dpbf16_ps(sum[s], one, one);
  __m512 total = _mm512_set1_ps(1);
  for (const __m512& s : sum) total = _mm512_add_ps(total, s);
  return _mm512_cvtss_f32(total);
}

// Memory moves fastest in several places at once, L2 in few: an array is gone through in parts side by side.
constexpr int parts = 4;
constexpr long block = 12 * 32;  // floats; arrays are whole blocks

[[gnu::target("avx2"), gnu::noipa]] float read_avx2(float* data, long n, long passes) {
  __m256i sum[parts];
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  for (long pass = 0; pass < passes; ++pass)
#pragma GCC unroll 4
    for (long i = 0; i < n / parts; i += 8)
#pragma GCC unroll 4
      for (int p = 0; p < parts; ++p) {
        const float* from = data + p * (n / parts) + i;
        sum[p] = _mm256_xor_si256(sum[p], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
      }
  __m256i total = _mm256_setzero_si256();
  for (const __m256i& s : sum) total = _mm256_xor_si256(total, s);
  return _mm256_cvtss_f32(_mm256_castsi256_ps(total));
}

[[gnu::target("avx512f"), gnu::noipa]] float read_avx512(float* data, long n, long passes) {
  __m512i sum[parts];
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  for (long pass = 0; pass < passes; ++pass)
#pragma GCC unroll 2
    for (long i = 0; i < n / parts; i += 16)
#pragma GCC unroll 4
      for (int p = 0; p < parts; ++p) sum[p] = _mm512_xor_si512(sum[p], _mm512_loadu_si512(data + p * (n / parts) + i));
  __m512i total = _mm512_setzero_si512();
  for (const __m512i& s : sum) total = _mm512_xor_si512(total, s);
  return _mm512_cvtss_f32(_mm512_castsi512_ps(total));
}

/// Of so many pairs of parts, adds the second to the first.
template <int pairs>
[[gnu::target("avx2"), gnu::noipa]] float update_avx2(float* data, long n, long passes) {
  const long part = n / (2 * pairs);
  for (long pass = 0; pass < passes; ++pass)
#pragma GCC unroll 4
    for (long i = 0; i < part; i += 8)
#pragma GCC unroll 3
      for (int p = 0; p < pairs; ++p) {
        float* to = data + 2 * p * part + i;
        _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), _mm256_loadu_ps(to + part)));
      }
  return data[0];
}

template <int pairs>
[[gnu::target("avx512f"), gnu::noipa]] float update_avx512(float* data, long n, long passes) {
  const long part = n / (2 * pairs);
  for (long pass = 0; pass < passes; ++pass)
#pragma GCC unroll 2
    for (long i = 0; i < part; i += 16)
#pragma GCC unroll 3
      for (int p = 0; p < pairs; ++p) {
        float* to = data + 2 * p * part + i;
        _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), _mm512_loadu_ps(to + part)));
      }
  return data[0];
}

/// Bytes of L1, L2 and L3 as the kernel of the system sees them; of a common processor where it does not say. (The C
/// library asks the processor, which in a virtual machine speaks of the host.)
std::array<double, 3> cache_sizes() {
  std::array<double, 3> sizes{32 * 1024., 1024 * 1024., 32 * 1024 * 1024.};
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::size_t level = 0;
    double kibibytes = 0;
    std::string type;
    if (!(std::ifstream(folder + "level") >> level) || !(std::ifstream(folder + "size") >> kibibytes) ||
        !(std::ifstream(folder + "type") >> type))
      continue;
    if (type != "Instruction" && level >= 1 && level <= sizes.size()) sizes[level - 1] = kibibytes * 1024;
  }
  return sizes;
}

const std::array<double, 3>& caches() {
  static const std::array<double, 3> sizes = cache_sizes();
  return sizes;
}

/// Bytes a thread reads to see a level: well inside a cache, well beyond all of them.
double probed_bytes(Level level, int threads) {
  switch (level) {
    case Level::l1:
      return caches()[0] / 2;
    case Level::l2:
      return caches()[1] / 2;
    case Level::l3:
      return std::max(caches()[2] / 2 / threads, 2 * caches()[1]);
    case Level::memory:
      break;
  }
  return 4 * caches()[2] / threads;
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

/// FLOP/s; a round of `probe` is `sums` operations of `flops` each.
double measure_peak(float (*probe)(long), double flops, int threads) {
  constexpr long rounds = 200'000;
  return best_rate(threads, flops * sums * rounds, false, [probe] { return [probe] { return probe(rounds); }; });
}

/// Bytes/s; `probe` moves so many bytes for each value of its array.
double measure_bandwidth(float (*probe)(float*, long, long), double bytes, Level level, int threads) {
  const long n = static_cast<long>(probed_bytes(level, threads) / sizeof(float)) / block * block;
  const long passes = std::max(1L, (16L << 20) / n);
  return best_rate(threads, bytes * static_cast<double>(passes * n), level >= Level::l3, [probe, n, passes] {
    cpu::AlignedBuffer<float> data(static_cast<std::size_t>(n));
    std::fill(data.begin(), data.end(), 1.F);  // by the thread that uses it: memory of its own node
    return [probe, n, passes, data = std::move(data)]() mutable { return probe(data.data(), n, passes); };
  });
}

MachineLimits measure(int threads) {
  const bool wide = cpu::isa() == cpu::Isa::avx512;
  MachineLimits limits{};
  limits.fp32 =
      wide ? measure_peak(multiply_add_avx512, 2 * 16, threads) : measure_peak(multiply_add_avx2, 2 * 8, threads);
  if (cpu::has_bf16()) limits.bf16 = measure_peak(multiply_add_bf16, 2 * 32, threads);
  for (const Level level : {Level::l1, Level::l2, Level::l3, Level::memory}) {
    const auto index = static_cast<std::size_t>(level);
    limits.read[index] = measure_bandwidth(wide ? read_avx512 : read_avx2, sizeof(float), level, threads);
    for (const auto probe : {wide ? update_avx512<1> : update_avx2<1>, wide ? update_avx512<3> : update_avx2<3>})
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
  if (bytes <= caches()[0]) return Level::l1;
  if (bytes <= caches()[1]) return Level::l2;
  return bytes * threads <= caches()[2] ? Level::l3 : Level::memory;
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
