#include "impl/cuda/kernels/maths.hpp"
#include "impl/cuda/kernels/tensor_core.hpp"
#include "impl/cuda/probes.hpp"

namespace frugal::cuda::probe {
namespace {

__device__ inline unsigned own_index() { return blockIdx.x * blockDim.x + threadIdx.x; }

__global__ void probe_multiply_add(int rounds, float* results) {
  float x[sums];
#pragma unroll
  for (float& value : x) value = 1;
  for (int round = 0; round < rounds; ++round)
#pragma unroll
    for (float& value : x) value = fmaf(value, 0.5F, 1.F);
  float total = 0;
#pragma unroll
  for (const float value : x) total += value;
  results[own_index()] = total;
}

template <Precision precision>
__global__ void probe_product(int rounds, float* results) {
  const std::uint32_t one =
      precision == Precision::bf16 ? tensor_core::pack_bf16(1, 1) : std::bit_cast<std::uint32_t>(1.F);
  const std::uint32_t a[4] = {one, one, one, one};
  const std::uint32_t b[2] = {one, one};
  float c[sums][4] = {};
  for (int round = 0; round < rounds; ++round)
#pragma unroll
    for (int s = 0; s < sums; ++s) {
      if constexpr (precision == Precision::bf16)
        tensor_core::multiply_bf16(c[s], a, b);
      else
        tensor_core::multiply_tf32(c[s], a, b);
    }
  float total = 0;
#pragma unroll
  for (int s = 0; s < sums; ++s) total += c[s][0] + c[s][1] + c[s][2] + c[s][3];
  results[own_index()] = total;
}

__global__ void probe_read(const float4* data, std::uint64_t quads, float* results) {
  float total = 0;
  const std::uint64_t stride = std::uint64_t{gridDim.x} * blockDim.x;
#pragma unroll 4
  for (std::uint64_t i = own_index(); i < quads; i += stride) {
    const float4 four = data[i];
    total += four.x + four.y + (four.z + four.w);
  }
  results[own_index()] = total;
}

__global__ void probe_sine(int rounds, float* results) {
  const float begin = 1e-3F * static_cast<float>(threadIdx.x);
  float total = 0;
  for (int round = 0; round < rounds; ++round) {
    const SineCosine value = sine_cosine_pi(begin + static_cast<float>(round));
    total = fmaf(value.sine, value.sine, fmaf(value.cosine, value.cosine, total));
  }
  results[own_index()] = total;
}

}  // namespace

double product_flops(Precision precision) {
  const int depth =
      precision == Precision::bf16 ? tensor_core_depth<Precision::bf16> : tensor_core_depth<Precision::tf32>;
  return 2. * 16 * 8 * depth * sums * (threads / 32);
}

void multiply_add(unsigned blocks, int rounds, float* results, const Stream& stream) {
  launch({"probe_multiply_add", blocks, threads}, stream, probe_multiply_add, rounds, results);
}

void product(Precision precision, unsigned blocks, int rounds, float* results, const Stream& stream) {
  const auto kernel = precision == Precision::bf16 ? probe_product<Precision::bf16> : probe_product<Precision::tf32>;
  launch({"probe_product", blocks, threads}, stream, kernel, rounds, results);
}

void read(const float4* data, std::uint64_t quads, unsigned blocks, float* results, const Stream& stream) {
  launch({"probe_read", blocks, threads}, stream, probe_read, data, quads, results);
}

void sine(unsigned blocks, int rounds, float* results, const Stream& stream) {
  launch({"probe_sine", blocks, threads}, stream, probe_sine, rounds, results);
}

}  // namespace frugal::cuda::probe
