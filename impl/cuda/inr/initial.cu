#include "impl/cuda/inr/initial.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned draw_threads = 256;

/// Where the values [K, out, in] of a tensor go: value (k, o, i) to k * count + start + i * row + o.
struct TensorPlaces {
  std::uint64_t size;  ///< K * out * in
  std::uint32_t out, in;
  std::int64_t count;
  int start, row;
};

/// A thread has the four values of one block of random words.
__global__ void __launch_bounds__(draw_threads)
    draw_tensor(Philox random, std::uint32_t stream, float bound, TensorPlaces places, float* parameters) {
  const std::uint64_t block = std::uint64_t{blockIdx.x} * draw_threads + threadIdx.x;
  const std::uint64_t first = 4 * block;
  if (first >= places.size) return;
  const auto words = random.block(block, stream);
  for (unsigned w = 0; w < 4 && first + w < places.size; ++w) {
    const std::uint64_t row = (first + w) / places.in;
    const auto i = static_cast<std::int64_t>((first + w) % places.in);
    const auto k = static_cast<std::int64_t>(row / places.out), o = static_cast<std::int64_t>(row % places.out);
    parameters[k * places.count + places.start + i * places.row + o] = inr_initial_value(words[w], bound);
  }
}

}  // namespace

void draw_initial(const InrSpec& spec, const InrNetwork& net, DeviceBuffer<float>& parameters, const Stream& stream) {
  parameters.zero(stream);
  for (const InrTensor& tensor : inr_tensors(spec)) {
    const TensorPlaces places{.size = static_cast<std::uint64_t>(spec.networks * tensor.size()),
                              .out = static_cast<std::uint32_t>(tensor.out),
                              .in = static_cast<std::uint32_t>(tensor.in),
                              .count = net.count,
                              .start = tensor.bias ? net.bias_at(tensor.layer) : net.weight_at(tensor.layer),
                              .row = tensor.bias ? 0 : net.row_of(tensor.layer)};
    launch({"draw_tensor", blocks_for((places.size + 3) / 4, draw_threads), draw_threads}, stream, draw_tensor,
           Philox(spec.seed, Purpose::weights), tensor.stream(), static_cast<float>(inr_bound(spec, tensor)), places,
           parameters.data());
  }
}

}  // namespace frugal::cuda
