#include "benchmarks/micro/machine.hpp"

#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>

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

constexpr long read_block = 128;  // floats; arrays are whole blocks

[[gnu::target("avx2"), gnu::noipa]] float read_avx2(const float* data, long n) {
  __m256i sum[8];
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  for (long i = 0; i < n; i += read_block)
#pragma GCC unroll 16
    for (int j = 0; j < 16; ++j)
      sum[j % 8] = _mm256_xor_si256(sum[j % 8], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i + 8 * j)));
  __m256i total = _mm256_setzero_si256();
  for (const __m256i& s : sum) total = _mm256_xor_si256(total, s);
  return _mm256_cvtss_f32(_mm256_castsi256_ps(total));
}

[[gnu::target("avx512f"), gnu::noipa]] float read_avx512(const float* data, long n) {
  __m512i sum[8];
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  for (long i = 0; i < n; i += read_block)
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) sum[j] = _mm512_xor_si512(sum[j], _mm512_loadu_si512(data + i + 16 * j));
  __m512i total = _mm512_setzero_si512();
  for (const __m512i& s : sum) total = _mm512_xor_si512(total, s);
  return _mm512_cvtss_f32(_mm512_castsi512_ps(total));
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

/// Seconds from the first thread's start of body() to the last one's end; the best of several tries.
template <class Body>
double best_seconds(int threads, const Body& body) {
  constexpr int tries = 20;
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> starts(threads), ends(threads);
  double best = 0;
#pragma omp parallel num_threads(threads)
  {
    const int thread = omp_get_thread_num();
    const auto work = body();
    for (int i = 0; i < tries; ++i) {
#pragma omp barrier
      starts[thread] = Clock::now();
      [[maybe_unused]] const volatile float keep = work();
      ends[thread] = Clock::now();
#pragma omp barrier
#pragma omp master
      {
        const std::chrono::duration<double> seconds = *std::max_element(ends.begin(), ends.end()) -
                                                      *std::min_element(starts.begin(), starts.end());
        best = i == 0 ? seconds.count() : std::min(best, seconds.count());
      }
    }
  }
  return best;
}

/// FLOP/s of `threads` threads; a call of `probe` does rounds * sums operations of `flops` each.
double measure_peak(float (*probe)(long), double flops, int threads) {
  constexpr long rounds = 200'000;
  const double seconds = best_seconds(threads, [&] { return [&] { return probe(rounds); }; });
  return threads * flops * sums * rounds / seconds;
}

double measure_read(float (*probe)(const float*, long), Level level, int threads) {
  const long n = static_cast<long>(probed_bytes(level, threads) / sizeof(float)) / read_block * read_block;
  const long passes = std::max(1L, (16L << 20) / n);
  const double seconds = best_seconds(threads, [&] {
    cpu::AlignedBuffer<float> data(static_cast<std::size_t>(n));
    std::fill(data.begin(), data.end(), 1.F);  // by the thread that reads it
    return [&probe, n, passes, data = std::move(data)] {
      float seen = 0;
      for (long i = 0; i < passes; ++i) seen += probe(data.data(), n);
      return seen;
    };
  });
  return threads * static_cast<double>(passes * n) * sizeof(float) / seconds;
}

MachineLimits measure(int threads) {
  const bool wide = cpu::isa() == cpu::Isa::avx512;
  MachineLimits limits{};
  limits.fp32 = wide ? measure_peak(multiply_add_avx512, 2 * 16, threads)
                     : measure_peak(multiply_add_avx2, 2 * 8, threads);
  if (cpu::has_bf16()) limits.bf16 = measure_peak(multiply_add_bf16, 2 * 32, threads);
  for (const Level level : {Level::l1, Level::l2, Level::l3, Level::memory})
    limits.read[static_cast<std::size_t>(level)] = measure_read(wide ? read_avx512 : read_avx2, level, threads);
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
    const double seconds = traffic.bytes / limits.read[level];
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
