#include "impl/cpu/probes.hpp"

#include <omp.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/caches.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/kernels/probe_kernels.hpp"

namespace frugal::cpu {
namespace {

// A run takes some milliseconds: waking the threads must not count.
constexpr long register_rounds = 1'000'000;
constexpr long memory_floats = (128L << 20) / probe_block * probe_block;  // 512 MiB: beyond any cache
constexpr long cache_floats = 64L << 20;                                  // read by a thread in a run: 256 MiB
constexpr long sine_floats = 2048;                                        // with results 24 KiB: in L1
constexpr long sine_rounds = 2000;

Probe register_probe(float (*kernel)(long), double flops) {
  return {Probe::Resource::compute, flops * register_rounds * omp_get_max_threads(), [kernel] {
#pragma omp parallel
            { [[maybe_unused]] const volatile float keep = kernel(register_rounds); }
          }};
}

/// Each thread reads `share` floats of its own `passes` times.
Probe read_probe(Probe::Resource resource, long share, long passes) {
  const int threads = omp_get_max_threads();
  auto data = std::make_shared<AlignedBuffer<float>>(static_cast<std::size_t>(share * threads));
#pragma omp parallel
  std::fill_n(data->data() + share * omp_get_thread_num(), share, 1.F);  // by its reader: memory of its own node
  return {resource, static_cast<double>(share * passes * threads) * sizeof(float), [data, share, passes] {
#pragma omp parallel
            {
              [[maybe_unused]] const volatile float keep =
                  probe_kernels().read(data->data() + share * omp_get_thread_num(), share, passes);
            }
          }};
}

Probe memory_probe() {
  return read_probe(Probe::Resource::memory, memory_floats / omp_get_max_threads() / probe_block * probe_block, 1);
}

/// `bytes` a thread.
Probe cache_probe(Probe::Resource level, double bytes) {
  const long share = std::max(1L, static_cast<long>(bytes / sizeof(float)) / probe_block) * probe_block;
  return read_probe(level, share, std::max(1L, cache_floats / share));
}

/// Well inside L1 and L2; of L3, which the threads share, what is beyond L2 and fits.
std::vector<Probe> cache_probes() {
  const auto& [l1, l2, l3] = cache_bytes();
  std::vector<Probe> probes{cache_probe(Probe::Resource::l1, l1 / 2), cache_probe(Probe::Resource::l2, l2 / 2)};
  const double share = l3 / 2 / omp_get_max_threads();
  if (share >= 2 * l2) probes.push_back(cache_probe(Probe::Resource::l3, share));
  return probes;
}

Probe sine_probe() {
  return {Probe::Resource::sines, static_cast<double>(sine_floats * sine_rounds * omp_get_max_threads()), [] {
#pragma omp parallel
            {
              AlignedBuffer<float> values(3 * sine_floats);
              for (long i = 0; i < sine_floats; ++i) values[i] = 0.01F * static_cast<float>(i);
              for (long round = 0; round < sine_rounds; ++round)
                inr_kernels().sine_cosine_pi(values.data(), values.data() + sine_floats,
                                             values.data() + 2 * sine_floats, sine_floats);
            }
          }};
}

}  // namespace

std::vector<Probe> probes(Precision precision) {
  const ProbeKernels& kernels = probe_kernels();
  std::vector<Probe> all;
  if (precision == Precision::bf16 && has_bf16())
    all.push_back(register_probe(bf16_probe_kernels().multiply_add, bf16_probe_kernels().multiply_add_flops));
  else if (precision != Precision::tf32)  // bf16 is then computed as fp32
    all.push_back(register_probe(kernels.multiply_add, kernels.multiply_add_flops));
  for (Probe& probe : cache_probes()) all.push_back(std::move(probe));
  all.push_back(memory_probe());
  all.push_back(sine_probe());
  return all;
}

}  // namespace frugal::cpu
