#include <algorithm>

#include "impl/cuda/inr/tile.hpp"
#include "impl/cuda/inr/train.hpp"
#include "impl/cuda/kernels/update.hpp"

namespace frugal::cuda {
namespace {

constexpr std::size_t inr_static_shared = 1024;  // room for what the kernels declare themselves
constexpr int inr_steps_per_graph = 8;

/// Sum over the block, the same for every thread, always in the same order.
__device__ double block_sum(double value) {
  __shared__ double warps[inr_threads / 32];
  for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(0xffffffffU, value, bits);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = 0;
  for (int w = 0; w < inr_threads / 32; ++w) sum += warps[w];
  __syncthreads();
  return sum;
}

__device__ void copy_floats(float* to, const float* from, int n) {
  for (int i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x)
    *reinterpret_cast<float4*>(to + i) = *reinterpret_cast<const float4*>(from + i);
}

/// Takes the next `floats` of the block's shared memory.
__device__ float* take(float*& from, int floats) {
  float* const taken = from;
  from += floats;
  return taken;
}

__device__ InrTile take_tile(float*& shared, const InrNetwork& net, int points) {
  const int ld = points + 4;
  InrTile tile{points, ld, nullptr, nullptr, nullptr, nullptr};
  tile.x = take(shared, net.inputs * ld);
  tile.h = take(shared, (net.hidden_layers + 1) * net.padded * ld);
  tile.slope = take(shared, (net.hidden_layers + 1) * net.padded * ld);
  tile.delta = take(shared, net.padded_channels * ld);
  return tile;
}

/// The points of one chunk of network k, tile by tile. Returns the chunk's sum of square errors.
template <Precision precision>
__device__ double train_chunk(const InrTraining& training, const InrTile& tile, int k, int chunk, int chunks,
                              const float* parameters, float* gradient) {
  const int tiles = (training.points + tile.points - 1) / tile.points;
  const int begin = static_cast<int>(static_cast<std::int64_t>(tiles) * chunk / chunks);
  const int end = static_cast<int>(static_cast<std::int64_t>(tiles) * (chunk + 1) / chunks);
  const std::int64_t of_network = static_cast<std::int64_t>(k) * training.points;
  double squares = 0;
  for (int t = begin; t < end; ++t) {
    const int first = t * tile.points;
    squares += inr_train_tile<precision>(
        training.net, parameters, tile, training.coordinates + static_cast<std::int64_t>(first) * training.net.inputs,
        training.targets + (of_network + first) * training.net.channels, min(tile.points, training.points - first),
        training.scale, t == begin, gradient);
  }
  return block_sum(squares);
}

/// Grid [networks]: block k trains network k for all steps.
template <Precision precision>
__global__ void __launch_bounds__(inr_threads, 1)
    inr_train_persistent(InrTraining training, InrPlan plan, const UpdateStep* updates, int steps, double* squares) {
  const int k = static_cast<int>(blockIdx.x);
  const int count = training.net.count;
  const std::int64_t at = static_cast<std::int64_t>(k) * count;
  float* shared = shared_memory<float>();
  float* parameters = training.parameters + at;
  float* first = training.first + at;
  float* second = training.second + at;
  if (plan.weights) copy_floats(parameters = take(shared, count), training.parameters + at, count);
  float* const gradient = plan.gradient ? take(shared, count) : training.gradients + at;
  if (plan.moments) {
    copy_floats(first = take(shared, count), training.first + at, count);
    copy_floats(second = take(shared, count), training.second + at, count);
  }
  float* tile_memory = plan.tile ? shared : training.scratch + static_cast<std::int64_t>(k) * plan.scratch_floats;
  const InrTile tile = take_tile(tile_memory, training.net, plan.tile_points);
  __syncthreads();

  StaleStop curve = training.curves[k];  // every thread keeps the same
  for (int s = 0; s < steps; ++s) {
    if (!curve.stopped(training.patience)) {
      curve.add(train_chunk<precision>(training, tile, k, 0, 1, parameters, gradient));
      const UpdateStep update = updates[s];
      for (int i = threadIdx.x; i < count; i += blockDim.x)
        adam_update(update, gradient[i], parameters[i], first[i], second[i]);
      __syncthreads();
    }
    if (threadIdx.x == 0) squares[static_cast<std::int64_t>(s) * training.networks + k] = curve.last;
  }

  if (threadIdx.x == 0) training.curves[k] = curve;
  if (plan.weights) copy_floats(training.parameters + at, parameters, count);
  if (plan.moments) {
    copy_floats(training.first + at, first, count);
    copy_floats(training.second + at, second, count);
  }
}

/// Grid [networks, chunks]: the gradient of a chunk.
template <Precision precision>
__global__ void __launch_bounds__(inr_threads, 1) inr_chunk_gradient(InrTraining training, InrPlan plan) {
  const int k = static_cast<int>(blockIdx.x);
  const int chunk = static_cast<int>(blockIdx.y);
  if (training.curves[k].stopped(training.patience)) return;  // the whole block
  const int count = training.net.count;
  float* shared = shared_memory<float>();
  const float* parameters = training.parameters + static_cast<std::int64_t>(k) * count;
  float* const to = training.gradients + (static_cast<std::int64_t>(k) * plan.chunks + chunk) * count;
  if (plan.weights) {
    float* const own = take(shared, count);
    copy_floats(own, parameters, count);
    parameters = own;
  }
  float* const gradient = plan.gradient ? take(shared, count) : to;
  float* tile_memory =
      plan.tile ? shared
                : training.scratch + (static_cast<std::int64_t>(k) * plan.chunks + chunk) * plan.scratch_floats;
  const InrTile tile = take_tile(tile_memory, training.net, plan.tile_points);
  const double squares = train_chunk<precision>(training, tile, k, chunk, plan.chunks, parameters, gradient);
  if (threadIdx.x == 0) training.chunk_squares[k * plan.chunks + chunk] = squares;
  if (plan.gradient) copy_floats(to, gradient, count);
}

/// Grid [parameters / threads, networks]: adds the chunks in order and takes the step.
__global__ void inr_update(InrTraining training, int chunks, const UpdateStep* updates) {
  const std::int64_t k = blockIdx.y;
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int count = training.net.count;
  if (i >= count || training.curves[k].stopped(training.patience)) return;
  float gradient = 0;
  for (int c = 0; c < chunks; ++c) gradient += training.gradients[(k * chunks + c) * count + i];
  const std::int64_t at = k * count + i;
  adam_update(updates[*training.done], gradient, training.parameters[at], training.first[at], training.second[at]);
}

/// One block: the loss curves of all networks, and the step is done.
__global__ void inr_finish_step(InrTraining training, int chunks, double* squares) {
  const std::int64_t step = *training.done;
  for (int k = static_cast<int>(threadIdx.x); k < training.networks; k += static_cast<int>(blockDim.x)) {
    StaleStop curve = training.curves[k];
    if (!curve.stopped(training.patience)) {
      double sum = 0;
      for (int c = 0; c < chunks; ++c) sum += training.chunk_squares[k * chunks + c];
      curve.add(sum);
      training.curves[k] = curve;
    }
    squares[step * training.networks + k] = curve.last;
  }
  __syncthreads();
  if (threadIdx.x == 0) *training.done = static_cast<int>(step) + 1;
}

/// Points: of fp32 a thread's, otherwise the depth of a product on tensor cores.
int smallest_tile(const InrNetwork& net) { return net.precision == Precision::bf16 ? 16 : 8; }

/// Calls body(std::integral_constant<Precision, precision>).
template <class Body>
void with_precision(Precision precision, const Body& body) {
  switch (precision) {
    case Precision::fp32:
      return body(std::integral_constant<Precision, Precision::fp32>{});
    case Precision::tf32:
      return body(std::integral_constant<Precision, Precision::tf32>{});
    case Precision::bf16:
      return body(std::integral_constant<Precision, Precision::bf16>{});
  }
}

void train_one_step(const InrTraining& training, const InrPlan& plan, const UpdateStep* updates, double* squares,
                    const Stream& stream) {
  const auto networks = static_cast<unsigned>(training.networks);
  const auto chunks = static_cast<unsigned>(plan.chunks);
  with_precision(training.net.precision, [&](auto precision) {
    launch({"inr_chunk_gradient", dim3(networks, chunks), inr_threads, plan.shared_bytes, inr_static_shared}, stream,
           inr_chunk_gradient<decltype(precision)::value>, training, plan);
  });
  launch({"inr_update", dim3(blocks_for(static_cast<std::uint64_t>(training.net.count), inr_threads), networks),
          inr_threads},
         stream, inr_update, training, plan.chunks, updates);
  launch({"inr_finish_step", 1, inr_threads}, stream, inr_finish_step, training, plan.chunks, squares);
}

/// Grid [blocks, networks], blocks take tiles in turn.
template <Precision precision>
__global__ void __launch_bounds__(inr_threads, 1)
    inr_evaluate_tiles(InrNetwork net, const float* parameters, bool weights_in_shared, int tile_points, float* scratch,
                       const float* coordinates, int points, float* out) {
  const std::int64_t k = blockIdx.y;
  float* shared = shared_memory<float>();
  parameters += k * net.count;
  if (weights_in_shared) {
    float* const own = take(shared, net.count);
    copy_floats(own, parameters, net.count);
    parameters = own;
  }
  const int ld = tile_points + 4;
  InrTile tile{tile_points, ld, nullptr, nullptr, nullptr, nullptr};
  if (scratch != nullptr) shared = scratch + (k * gridDim.x + blockIdx.x) * InrTile::floats_forward(net, tile_points);
  tile.x = take(shared, net.inputs * ld);
  tile.h = take(shared, 2 * net.padded * ld);
  const int last = net.layers() - 1;
  for (int first = static_cast<int>(blockIdx.x) * tile_points; first < points;
       first += static_cast<int>(gridDim.x) * tile_points) {
    const int valid = min(tile_points, points - first);
    inr_load_points(net, tile, coordinates + static_cast<std::int64_t>(first) * net.inputs, valid);
    __syncthreads();
    for (int l = 0; l < last; ++l) {
      const float* const input = l == 0 ? tile.x : tile.h + ((l - 1) % 2) * net.padded * ld;
      inr_any_layer_forward<precision>(net, l, parameters, input, tile, tile.h + (l % 2) * net.padded * ld, nullptr);
      __syncthreads();
    }
    const float* const top = tile.h + ((last - 1) % 2) * net.padded * ld;
    for (int t = static_cast<int>(threadIdx.x); t < net.channels * tile_points; t += static_cast<int>(blockDim.x)) {
      const int c = t / tile_points;
      const int p = t % tile_points;
      if (p < valid) out[(k * points + first + p) * net.channels + c] = inr_output(net, parameters, top, ld, c, p);
    }
    __syncthreads();
  }
}

}  // namespace

InrPlan inr_plan(const InrSpec& spec, const InrNetwork& net, const DeviceLimits& limits) {
  const std::size_t room = limits.shared_bytes_per_block - inr_static_shared;
  const int smallest = smallest_tile(net);
  const int needed = static_cast<int>(std::min<std::int64_t>((spec.points + smallest - 1) / smallest * smallest, 64));
  struct Choice {
    bool tile, weights, gradient, moments;
    int points;
  };
  constexpr Choice choices[] = {
      {true, true, true, true, 64},    {true, true, true, false, 64},   {true, true, true, true, 32},
      {true, true, true, false, 32},   {true, true, false, false, 64},  {true, true, false, false, 32},
      {true, true, true, false, 16},   {true, true, false, false, 16},  {true, false, false, false, 64},
      {true, false, false, false, 32}, {true, true, false, false, 8},   {true, false, false, false, 16},
      {true, false, false, false, 8},  {false, false, false, false, 64}};
  for (const Choice& choice : choices) {
    if (choice.points < smallest) continue;
    const int points = std::min(choice.points, needed);
    const std::int64_t tiles = (spec.points + points - 1) / points;
    const std::int64_t of_memory = inr_most_gradients / (spec.networks * net.count);
    const std::int64_t chunks =
        std::clamp<std::int64_t>(std::min(inr_blocks_at_once / spec.networks, of_memory), 1, tiles);
    if (choice.moments && chunks > 1) continue;  // they are another kernel's
    const int copies = (choice.weights ? 1 : 0) + (choice.gradient ? 1 : 0) + (choice.moments ? 2 : 0);
    const auto tile_floats = static_cast<std::size_t>(InrTile::floats(net, points));
    const std::size_t bytes = sizeof(float) * (static_cast<std::size_t>(copies) * static_cast<std::size_t>(net.count) +
                                               (choice.tile ? tile_floats : 0));
    if (bytes > room) continue;
    return {.tile_points = points,
            .tile = choice.tile,
            .weights = choice.weights,
            .gradient = choice.gradient,
            .moments = choice.moments,
            .chunks = static_cast<int>(chunks),
            .shared_bytes = bytes,
            .scratch_floats = choice.tile ? 0 : tile_floats};
  }
  return {};  // not reached: the last choice takes no shared memory
}

void inr_train(const InrTraining& training, const InrPlan& plan, const UpdateStep* updates, int steps, double* squares,
               const Stream& stream) {
  if (plan.chunks == 1) {
    return with_precision(training.net.precision, [&](auto precision) {
      launch({"inr_train_persistent", static_cast<unsigned>(training.networks), inr_threads, plan.shared_bytes,
              inr_static_shared},
             stream, inr_train_persistent<decltype(precision)::value>, training, plan, updates, steps, squares);
    });
  }
  const auto take_steps = [&](int n) {
    for (int s = 0; s < n; ++s) train_one_step(training, plan, updates, squares, stream);
  };
  if (steps >= 2 * inr_steps_per_graph) {
    const Graph graph(stream, [&] { take_steps(inr_steps_per_graph); });
    for (int s = 0; s < steps / inr_steps_per_graph; ++s) graph.replay(stream);
    stream.synchronize();  // the graph goes
  }
  take_steps(steps >= 2 * inr_steps_per_graph ? steps % inr_steps_per_graph : steps);
}

void inr_evaluate(const InrNetwork& net, const float* parameters, int networks, const float* coordinates, int points,
                  float* out, const DeviceLimits& limits, const Stream& stream) {
  const std::size_t room = limits.shared_bytes_per_block - inr_static_shared;
  const auto weight_bytes = sizeof(float) * static_cast<std::size_t>(net.count);
  int tile_points = 64;
  const auto tile_floats = [&] { return static_cast<std::size_t>(InrTile::floats_forward(net, tile_points)); };
  while (tile_points > 8 && sizeof(float) * tile_floats() > room) tile_points /= 2;
  const std::size_t tile_bytes = sizeof(float) * tile_floats();
  const bool tile = tile_bytes <= room;
  const bool weights = tile && weight_bytes + tile_bytes <= room;
  const unsigned tiles = blocks_for(static_cast<std::uint64_t>(points), static_cast<unsigned>(tile_points));
  const auto blocks = std::min(tiles, std::max(1U, 2 * static_cast<unsigned>(limits.multiprocessors / networks)));
  DeviceBuffer<float> scratch(tile ? 0 : tile_floats() * blocks * static_cast<std::size_t>(networks), "activations");
  with_precision(net.precision, [&](auto precision) {
    launch({"inr_evaluate_tiles", dim3(blocks, static_cast<unsigned>(networks)), inr_threads,
            (tile ? tile_bytes : 0) + (weights ? weight_bytes : 0)},
           stream, inr_evaluate_tiles<decltype(precision)::value>, net, parameters, weights, tile_points,
           scratch.data(), coordinates, points, out);
  });
  if (!tile) stream.synchronize();  // the scratch goes
}

}  // namespace frugal::cuda
