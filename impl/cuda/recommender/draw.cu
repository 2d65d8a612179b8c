#include <algorithm>
#include <vector>

#include "impl/cuda/recommender/draw.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned draw_threads = 256;

/// A thread has the four values of one block of random words.
__global__ void __launch_bounds__(draw_threads)
    draw_uniform(Philox random, std::uint32_t table, double bound, std::uint64_t size, float* values) {
  const std::uint64_t block = std::uint64_t{blockIdx.x} * draw_threads + threadIdx.x;
  const std::uint64_t first = 4 * block;
  if (first >= size) return;
  const auto words = random.block(block, table);
  float drawn[4];
  for (unsigned w = 0; w < 4; ++w) drawn[w] = scaled_uniform(words[w], bound);
  const bool whole = first + 4 <= size && reinterpret_cast<std::uintptr_t>(values) % sizeof(float4) == 0;
  if (whole) {
    *reinterpret_cast<float4*>(values + first) = make_float4(drawn[0], drawn[1], drawn[2], drawn[3]);
  } else {
    for (unsigned w = 0; w < 4 && first + w < size; ++w) values[first + w] = drawn[w];
  }
}

/// More than two evaluations in double can differ by, relative to the value.
constexpr double doubt = 0x1p-47;

/// doubtful [most]: which values the host must compute; *count may be more than `most`.
__global__ void __launch_bounds__(draw_threads)
    draw_normal(NormalLaw law, std::uint64_t size, std::uint32_t columns, std::uint32_t stride, float* values,
                std::uint32_t* count, std::uint64_t* doubtful, std::uint32_t most) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * draw_threads + threadIdx.x;
  if (i >= size) return;
  const double value = law(i);
  values[i / columns * stride + i % columns] = static_cast<float>(value);
  if (static_cast<float>(value * (1 - doubt)) == static_cast<float>(value * (1 + doubt))) return;
  const std::uint32_t at = atomicAdd(count, 1U);  // in any order: each is computed by itself
  if (at < most) doubtful[at] = i;
}

}  // namespace

void draw_table(std::uint32_t rows, unsigned dim, std::uint64_t seed, std::uint32_t table, DeviceBuffer<float>& to,
                std::size_t at, const Stream& stream) {
  const std::uint64_t size = std::uint64_t{rows} * dim;
  launch({"draw_table", blocks_for((size + 3) / 4, draw_threads), draw_threads}, stream, draw_uniform,
         Philox(seed, Purpose::user_embedding), table, initial_table_bound(rows), size, to.data() + at);
}

void draw_normals(const NormalLaw& law, std::uint32_t rows, std::uint32_t columns, std::uint32_t stride,
                  DeviceBuffer<float>& to, std::size_t at, const Stream& stream) {
  const std::uint64_t size = std::uint64_t{rows} * columns;
  const auto most = static_cast<std::uint32_t>(64 + size / 65536);  // a hundred times what is expected
  DeviceBuffer<std::uint32_t> count(1, "number of doubtful values");
  DeviceBuffer<std::uint64_t> doubtful(most, "doubtful values");
  count.zero(stream);
  launch({"draw_normals", blocks_for(size, draw_threads), draw_threads}, stream, draw_normal, law, size, columns,
         stride, to.data() + at, count.data(), doubtful.data(), most);
  const std::uint32_t found = count.download(stream)[0];
  std::vector<std::uint64_t> which(found <= most ? found : size);
  if (found <= most)
    doubtful.download(std::span(which), stream);
  else
    for (std::uint64_t i = 0; i < size; ++i) which[i] = i;
  for (const std::uint64_t i : which) {
    const float value[] = {static_cast<float>(law(i))};
    to.upload(value, stream, at + i / columns * stride + i % columns);
  }
}

}  // namespace frugal::cuda
