// The kernels of the cpu back end's coordinate networks, and whole training steps of the networks of
// plans/paper_enrp.yaml, each beside its roofline:
//
//   micro_inr --benchmark_counters_tabular=true [--benchmark_filter=REGEX]
//
//   FLOP     of one call or step. A fused multiply-add is 2; an addition, multiplication, division or root 1; rounding,
//            comparisons, sign flips and data movement 0. Kernels of single values: as executed. Tiles and steps: the
//            products as impl/common/flops.hpp counts them, without activations and Adam; of the width, never of its
//            padding.
//   bytes    that must move between the cores and the level of memory that holds the operands: an array once for each
//            pass that reads or writes it
//   peak%    FLOP/s against the measured fused multiply-adds (bf16: products of pairs) of the threads used
//   roof%    the least time that peak and bandwidth allow, against the time it took
//   s        seconds of one call or step: on one thread its own, so that a busy neighbour does not count; else of the
//            wall's clock
//   label    what sets that least time: compute, L1, L2, L3 or memory
//
// Kernels, tiles and products run on one thread, as they do in training; steps on all (OMP_NUM_THREADS).
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/micro/roofline.hpp"
#include "benchmarks/micro/structures.hpp"
#include "impl/api/backend.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/inr/layout.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/cpu/inr/tiles.hpp"
#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/matmul.hpp"

namespace frugal {
namespace {

using cpu::AlignedBuffer;
using cpu::inr_kernels;
using micro::measure;
using micro::Structure;
using micro::Traffic;
using micro::Work;

/// Of a tile of a network, as the cpu back end cuts it.
long tile_points_of(const InrSpec& spec) {
  const std::int64_t tiles = cpu::inr_tiles(spec);
  return (spec.points + tiles - 1) / tiles;
}

/// Tiles of the structures, points by width.
struct Shape {
  long rows, width;
  std::string name() const { return fmt::format("{}x{}", rows, width); }
};
constexpr Shape shapes[] = {{256, 64}, {256, 128}, {64, 128}, {16, 128}, {128, 256}};

constexpr long inputs = 2;    // coordinates of a pixel
constexpr long channels = 3;  // its colours

/// Of one parameter, as impl/common/flops.hpp counts them.
double adam_flops() {
  const InrSpec spec;
  return step_flops(spec).optimizer / static_cast<double>(parameters(spec));
}

/// In [-1, 1].
AlignedBuffer<float> uniform_values(long n) {
  const Philox random(1, Purpose::test);
  AlignedBuffer<float> values(static_cast<std::size_t>(n));
  for (long i = 0; i < n; ++i) values[i] = 2 * random.uniform(i) - 1;
  return values;
}

AlignedBuffer<float> constant_values(long n, float value) {
  AlignedBuffer<float> values(static_cast<std::size_t>(n));
  std::fill(values.begin(), values.end(), value);
  return values;
}

Traffic floats(double moved, double resident) { return {sizeof(float) * moved, sizeof(float) * resident}; }

// ---------------------------------------------------------------------------------------------------------------------
// Kernels of single values (kernels/inr_kernels.hpp). Repeated on the same arrays, they must not run into denormals or
// infinities: where a kernel works in place, its operands are such that the values settle.

constexpr double sine_cosine_flops = 21;  // reduction 2, sine 9, cosine 10
constexpr double exp_flops = 20;          // scaling 1, reduction 4, polynomial 14, power of two 1

/// Of f and f' of one value.
double activation_flops(Activation kind) {
  switch (kind) {
    case Activation::sine:
      return 1 + sine_cosine_flops + 1;
    case Activation::relu:
      return 0;
    case Activation::gauss:
      return 3 + exp_flops + 2;
    case Activation::wire:
      return 3 + exp_flops + 1 + sine_cosine_flops + 7;
    case Activation::finer:
      return 3 + sine_cosine_flops + 4;
  }
  return 0;
}

constexpr cpu::InrFunction function_of(Activation kind) { return {.kind = kind, .omega = 30, .scale = 1}; }

void sine_cosine_pi(benchmark::State& state) {
  constexpr long n = 2048;
  AlignedBuffer<float> u = uniform_values(n), sines(n), cosines(n);
  for (float& value : u) value *= 30;
  measure(state, {.flops = sine_cosine_flops * n, .traffic = {floats(3 * n, 3 * n)}}, 1,
          [&] { inr_kernels().sine_cosine_pi(u.data(), sines.data(), cosines.data(), n); });
}

/// The arrays of a tile at one layer of a network.
struct Tile {
  explicit Tile(const Shape& shape)
      : rows(shape.rows),
        columns{.width = shape.width, .padded = shape.width, .stride = shape.width},
        values(rows * shape.width),
        x(uniform_values(rows * inputs)),
        h(uniform_values(values)),
        slope(constant_values(values, 1)),
        delta(uniform_values(values)),
        y(uniform_values(rows * channels)),
        weight(uniform_values(channels * shape.width)),
        gradient(constant_values(channels * shape.width, 0)),
        bias(constant_values(shape.width, 0)) {}

  long rows;
  cpu::InrColumns columns;
  long values;                              ///< rows * width
  AlignedBuffer<float> x, h, slope, delta;  ///< x [rows, inputs], the others [rows, width]
  AlignedBuffer<float> y;                   ///< [rows, channels]
  AlignedBuffer<float> weight, gradient;    ///< of a thin layer: [inputs or channels, width]
  AlignedBuffer<float> bias;                ///< [width]
};

void activate(benchmark::State& state, Shape shape, Activation kind) {
  Tile tile(shape);
  const double n = static_cast<double>(tile.values);
  measure(state, {.flops = (activation_flops(kind) + 1) * n, .traffic = {floats(3 * n, 2 * n)}}, 1, [&] {
    inr_kernels().activate(function_of(kind), tile.h.data(), tile.bias.data(), tile.rows, tile.columns,
                           tile.slope.data());
  });
}

void first_layer(benchmark::State& state, Shape shape) {
  Tile tile(shape);
  const double n = static_cast<double>(tile.values);
  const double moved = 2 * n + static_cast<double>(inputs * (tile.rows + shape.width));
  measure(state, {.flops = (2 * inputs + activation_flops(Activation::sine)) * n, .traffic = {floats(moved, moved)}}, 1,
          [&] {
            inr_kernels().first_layer(function_of(Activation::sine), tile.x.data(), inputs, tile.weight.data(),
                                      tile.bias.data(), tile.rows, tile.columns, tile.h.data(), tile.slope.data());
          });
}

void last_layer(benchmark::State& state, Shape shape) {
  Tile tile(shape);
  const double n = static_cast<double>(tile.values);
  const double moved = n + static_cast<double>(channels * (tile.rows + shape.width));
  measure(state, {.flops = 2 * channels * n, .traffic = {floats(moved, moved)}}, 1, [&] {
    inr_kernels().last_layer(tile.h.data(), tile.weight.data(), tile.bias.data(), tile.rows, tile.columns, channels,
                             tile.y.data());
  });
}

/// Of the sums of squares too, which are double.
void loss(benchmark::State& state, Shape shape) {
  Tile tile(shape);
  const long values = tile.rows * channels;
  const AlignedBuffer<float> target = uniform_values(values);
  const double n = static_cast<double>(values);
  measure(state, {.flops = 4 * n, .traffic = {floats(3 * n, 2 * n)}}, 1,
          [&] { benchmark::DoNotOptimize(inr_kernels().loss(tile.y.data(), target.data(), .5F, values)); });
}

void last_layer_backward(benchmark::State& state, Shape shape) {
  Tile tile(shape);
  const double n = static_cast<double>(tile.values);
  const double moved = 2 * n + static_cast<double>(channels * (tile.rows + 3 * shape.width));
  measure(state, {.flops = 4 * channels * n, .traffic = {floats(moved, moved)}}, 1, [&] {
    inr_kernels().last_layer_backward(tile.y.data(), tile.h.data(), tile.weight.data(), tile.rows, tile.columns,
                                      channels, tile.delta.data(), tile.gradient.data(), tile.bias.data());
  });
}

void activation_backward(benchmark::State& state, Shape shape) {
  Tile tile(shape);
  const double n = static_cast<double>(tile.values);
  measure(state, {.flops = 2 * n, .traffic = {floats(3 * n, 2 * n)}}, 1, [&] {
    inr_kernels().activation_backward(tile.delta.data(), tile.slope.data(), tile.rows, tile.columns, tile.bias.data());
  });
}

void first_layer_backward(benchmark::State& state, Shape shape) {
  Tile tile(shape);
  const double n = static_cast<double>(tile.values);
  const double moved = n + static_cast<double>(inputs * (tile.rows + 2 * shape.width));
  measure(state, {.flops = 2 * inputs * n, .traffic = {floats(moved, moved)}}, 1, [&] {
    inr_kernels().first_layer_backward(tile.delta.data(), tile.x.data(), inputs, tile.rows, tile.columns,
                                       tile.gradient.data());
  });
}

void add(benchmark::State& state, long n) {
  AlignedBuffer<float> sum = constant_values(n, 0);
  const AlignedBuffer<float> term = uniform_values(n);
  const double count = static_cast<double>(n);
  measure(state, {.flops = count, .traffic = {floats(3 * count, 2 * count)}}, 1,
          [&] { inr_kernels().add(sum.data(), term.data(), n); });
}

void to_bf16(benchmark::State& state, long n) {
  const AlignedBuffer<float> from = uniform_values(n);
  AlignedBuffer<std::uint16_t> to(static_cast<std::size_t>(n));
  const double moved = 1.5 * static_cast<double>(n);
  measure(state, {.flops = 0, .traffic = {floats(moved, moved)}}, 1,
          [&] { inr_kernels().to_bf16(from.data(), to.data(), n); });
}

/// Not as executed but by the formula of all back ends, 12 a value; the instructions are 13 to 15.
void adam(benchmark::State& state, long n) {
  const AlignedBuffer<float> g = uniform_values(n);
  AlignedBuffer<float> w = uniform_values(n), m = constant_values(n, 0), v = constant_values(n, 1e-4F);
  const UpdateStep step = update_step({OptimizerKind::adam, {.learning_rate = 1e-4}}, 1000);
  const double count = static_cast<double>(n);
  measure(state, {.flops = adam_flops() * count, .traffic = {floats(7 * count, 4 * count)}}, 1,
          [&] { inr_kernels().adam(step, g.data(), w.data(), m.data(), v.data(), n); });
}

// ---------------------------------------------------------------------------------------------------------------------
// The square products of a tile by oneDNN.

enum class Product { forward, input_gradient, weight_gradient };
constexpr std::pair<Product, const char*> products[] = {{Product::forward, "forward"},
                                                        {Product::input_gradient, "input_gradient"},
                                                        {Product::weight_gradient, "weight_gradient"}};

cpu::MatmulShape matmul_shape(const Shape& shape, Product product, bool bf16) {
  const auto [rows, width] = shape;
  switch (product) {
    case Product::forward:
      return {.m = rows, .n = width, .k = width, .bf16 = bf16};
    case Product::input_gradient:
      return {.m = rows, .n = width, .k = width, .transpose_b = true, .bf16 = bf16};
    case Product::weight_gradient:
      break;
  }
  return {.m = width, .n = width, .k = rows, .transpose_a = true, .accumulate = true, .bf16 = bf16};
}

void square_product(benchmark::State& state, Shape shape, Product product, bool bf16) {
  if (bf16 && !cpu::has_bf16()) return state.SkipWithError("this processor has no AVX-512 BF16");
  const cpu::MatmulShape sizes = matmul_shape(shape, product, bf16);
  const AlignedBuffer<float> a = uniform_values(sizes.m * sizes.k), b = uniform_values(sizes.k * sizes.n);
  AlignedBuffer<std::uint16_t> rounded_a(a.size()), rounded_b(b.size());
  inr_kernels().to_bf16(a.data(), rounded_a.data(), sizes.m * sizes.k);
  inr_kernels().to_bf16(b.data(), rounded_b.data(), sizes.k * sizes.n);
  AlignedBuffer<float> c = constant_values(sizes.m * sizes.n, 0);

  const double operands = (bf16 ? .5 : 1.) * static_cast<double>(a.size() + b.size());
  const double result = static_cast<double>(c.size());
  const Work work{.flops = 2. * static_cast<double>(sizes.m * sizes.n * sizes.k),
                  .traffic = {floats(operands + (sizes.accumulate ? 2 : 1) * result, operands + result)},
                  .bf16 = bf16};
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  cpu::Matmul multiply(sizes);
  measure(state, work, 1, [&] {
    if (bf16)
      multiply(rounded_a.data(), rounded_b.data(), c.data());
    else
      multiply(a.data(), b.data(), c.data());
  });
  omp_set_num_threads(threads);
}

// ---------------------------------------------------------------------------------------------------------------------
// Tiles of the fused kernels (kernels/inr_fused.hpp) and whole steps.

/// Floats that must move when a network trains on tiles of so many points: each array once for each pass over it, of
/// the thin layers only the parameters.
struct StepFloats {
  StepFloats(const InrSpec& spec, double tile_points) {
    const double width = spec.width;
    const double depth = spec.hidden_layers;
    const double square = depth * width * width;  // weights of the hidden layers
    const double layer = tile_points * width;     // h, slope or delta of a tile
    const double samples = tile_points * (spec.inputs + spec.channels);
    parameters = static_cast<double>(frugal::parameters(spec)) / static_cast<double>(spec.networks);
    // First layer: h and slope. A hidden one: input, h, slope. Last: input.
    forward = parameters + samples + layer * (2 + 3 * depth + 1);
    // Last layer: h, delta; its activation: delta twice, slope. A hidden one: delta, slope and the delta below; h and
    // delta again for the weights. First: delta.
    backward = layer * (2 + 3 + 5 * depth + 1) + 3 * square;
    update = 6 * parameters;
    resident_forward = parameters + samples + 2 * layer * (depth + 1);
    resident = 4 * parameters + square + samples + 2 * layer * (depth + 2);
  }
  double parameters;                  ///< of one network
  double forward;                     ///< of a tile
  double backward;                    ///< the same; its weights come transposed, gradients are read and written
  double update;                      ///< of a step
  double resident_forward, resident;  ///< with a tile: what a core works on
};

/// One network, and a tile of so many of its points; the first of the networks of `ensemble`.
class FusedTile {
 public:
  FusedTile(const InrSpec& ensemble, long tile_points)
      : spec_(one_of(ensemble)),
        rows_(tile_points),
        layout_(spec_, cpu::inr_fused_kernels().panel_columns),
        worker_(cpu::make_fused_worker(spec_, layout_, rows_)),
        parameters_(cpu::inr_zeros(layout_.count)),
        gradient_(cpu::inr_zeros(layout_.count)),
        first_(cpu::inr_zeros(layout_.count)),
        second_(cpu::inr_zeros(layout_.count)),
        x_(uniform_values(rows_ * spec_.inputs)),
        target_(uniform_values(rows_ * spec_.channels)),
        y_(cpu::inr_zeros(rows_ * spec_.channels)) {
    for (const InrTensor& tensor : inr_tensors(spec_)) {
      const std::vector<float> values = inr_initial_values(spec_, tensor);
      for (std::int64_t o = 0; o < tensor.out; ++o) {
        const cpu::InrParameters::Inputs at = layout_.inputs_of(tensor, o);
        for (std::int64_t i = 0; i < tensor.in; ++i) parameters_[at.first + i * at.step] = values[o * tensor.in + i];
      }
    }
    transpose_weights();
  }

  /// Whether it is all of the network's points.
  bool whole() const { return spec_.points <= rows_; }
  /// Of the tile.
  Flops flops() const { return step_flops(spec_) * (static_cast<double>(rows_) / static_cast<double>(spec_.points)); }
  StepFloats moved() const { return {spec_, static_cast<double>(rows_)}; }

  void transpose_weights() { worker_->begin_step(parameters_.data()); }
  void forward() { worker_->forward(parameters_.data(), x_.data(), rows_, y_.data()); }

  /// The whole network: its gradient, and the update with it. Otherwise one tile of many, whose gradient is added.
  /// At a learning rate of 0 the network stands still, and every call does the same.
  void train() {
    const cpu::InrUpdate update{update_step({OptimizerKind::adam, {.learning_rate = 0}}, 1000), first_.data(),
                                second_.data()};
    benchmark::DoNotOptimize(worker_->train_tile(parameters_.data(), x_.data(), target_.data(), rows_, 1e-3F, whole(),
                                                 gradient_.data(), whole() ? &update : nullptr));
  }

 private:
  static InrSpec one_of(InrSpec spec) {
    spec.networks = 1;
    return spec;
  }

  InrSpec spec_;
  long rows_;
  cpu::InrParameters layout_;
  std::unique_ptr<cpu::InrWorker> worker_;  ///< refers to spec_ and layout_
  AlignedBuffer<float> parameters_, gradient_, first_, second_, x_, target_, y_;
};

/// Before the tiles of a step.
void transpose_weights(benchmark::State& state, long width) {
  const InrSpec spec{.hidden_layers = 1, .width = static_cast<int>(width)};
  FusedTile tile(spec, 16);
  const double square = static_cast<double>(width * width);
  measure(state, {.flops = 0, .traffic = {floats(2 * square, 2 * square)}}, 1, [&] { tile.transpose_weights(); });
}

void forward_tile(benchmark::State& state, InrSpec spec) {
  FusedTile tile(spec, tile_points_of(spec));
  const StepFloats moved = tile.moved();
  measure(state, {.flops = tile.flops().forward, .traffic = {floats(moved.forward, moved.resident_forward)}}, 1,
          [&] { tile.forward(); });
}

void train_tile(benchmark::State& state, InrSpec spec) {
  const bool bf16 = spec.precision == Precision::bf16;
  if (bf16 && !cpu::has_bf16()) return state.SkipWithError("this processor has no AVX-512 BF16");
  FusedTile tile(spec, tile_points_of(spec));
  const StepFloats moved = tile.moved();
  const double sum = moved.forward + moved.backward + (tile.whole() ? moved.update : 0);
  const Work work{
      .flops = tile.flops().forward + tile.flops().backward, .traffic = {floats(sum, moved.resident)}, .bf16 = bf16};
  measure(state, work, 1, [&] { tile.train(); });
}

/// Steps of the whole ensemble, several at once: a back end may keep a network in cache over the steps of one call.
/// Then its parameters and moments come from memory once a call, not once a step.
void train_step(benchmark::State& state, InrSpec spec) {
  constexpr int steps = 20;
  const Backend* backend = find_backend("cpu");
  if (spec.precision == Precision::bf16 && !cpu::has_bf16())
    return state.SkipWithError("this processor has no AVX-512 BF16");
  const auto model = backend->make(spec);
  model->set_samples(uniform_values(spec.points * spec.inputs),
                     uniform_values(spec.networks * spec.points * spec.channels));
  model->train(1);  // makes the primitives and touches the memory

  const auto tile_points = static_cast<double>(tile_points_of(spec));
  const StepFloats moved(spec, tile_points);
  const double networks = static_cast<double>(spec.networks);
  const double tiles = static_cast<double>(spec.points) / tile_points;
  const Flops flops = step_flops(spec);
  const int threads = omp_get_max_threads();
  const Work work{
      .flops = flops.forward + flops.backward,
      .traffic = {floats(networks * (tiles * (moved.forward + moved.backward) + moved.update), moved.resident),
                  floats(networks * moved.update / steps, networks * moved.parameters * 3 / threads)},
      .threads = threads,
      .bf16 = spec.precision == Precision::bf16};
  measure(state, work, steps, [&] { benchmark::DoNotOptimize(model->train(steps)); });
}

// ---------------------------------------------------------------------------------------------------------------------

template <class Function, class... Arguments>
benchmark::internal::Benchmark* row(const std::string& name, Function function, Arguments... arguments) {
  return benchmark::RegisterBenchmark(name.c_str(), function, arguments...);
}

void add_kernel_rows() {
  row("sine_cosine_pi", sine_cosine_pi);
  for (const auto& [kind, name] : activation_names)
    for (const Shape& shape : {Shape{16, 128}, Shape{256, 128}})
      row(fmt::format("activate/{}/{}", name, shape.name()), activate, shape, kind);
  constexpr std::pair<void (*)(benchmark::State&, Shape), const char*> layers[] = {
      {first_layer, "first_layer"},
      {last_layer, "last_layer"},
      {loss, "loss"},
      {last_layer_backward, "last_layer_backward"},
      {activation_backward, "activation_backward"},
      {first_layer_backward, "first_layer_backward"}};
  for (const auto& [kernel, name] : layers)
    for (const Shape& shape : shapes) row(fmt::format("{}/{}", name, shape.name()), kernel, shape);
  // Values: in L1; a network of S2 to S4, in L2; all networks of S4, in no cache.
  for (const long n : {1024L, 17283L}) {
    row(fmt::format("add/{}", n), add, n);
    row(fmt::format("to_bf16/{}", n), to_bf16, n);
  }
  for (const long n : {1024L, 17283L, 17283L * 1024}) row(fmt::format("adam/{}", n), adam, n);
}

void add_product_rows() {
  for (const bool bf16 : {false, true})
    for (const auto& [product, name] : products)
      for (const Shape& shape : shapes)
        row(fmt::format("onednn_product/{}/{}/{}", bf16 ? "bf16" : "fp32", name, shape.name()), square_product, shape,
            product, bf16);
}

struct Implementation {
  const char* name;
  InrImplementation implementation;
  Precision precision;
};
constexpr Implementation implementations[] = {{"onednn", InrImplementation::onednn, Precision::fp32},
                                              {"onednn_bf16", InrImplementation::onednn, Precision::bf16},
                                              {"fused", InrImplementation::fused, Precision::fp32},
                                              {"fused_bf16", InrImplementation::fused, Precision::bf16}};

void add_step_rows(const Structure& structure) {
  for (const Implementation& by : implementations) {
    InrSpec spec = structure.spec;
    spec.implementation = by.implementation;
    spec.precision = by.precision;
    row(fmt::format("step/{}/{}", by.name, structure.name), train_step, spec)->Unit(benchmark::kMillisecond);
  }
}

void add_network_rows() {
  for (const long width : {64L, 128L, 256L})
    row(fmt::format("fused/transpose_weights/{}", width), transpose_weights, width);
  std::vector<Structure> networks = micro::enrp_structures();
  // And widths beside a multiple of the vector, to be compared in seconds with the next multiple: no cliff.
  const Structure s1 = networks.at(1);
  for (const int width : {63, 64, 65, 72, 80, 96}) {
    networks.push_back({fmt::format("{}_width:{}", s1.name, width), s1.spec});
    networks.back().spec.width = width;
  }
  for (const Structure& network : networks) row("fused/forward_tile/" + network.name, forward_tile, network.spec);
  for (const Precision precision : {Precision::fp32, Precision::bf16})
    for (const Structure& network : networks) {
      InrSpec spec = network.spec;
      spec.precision = precision;
      row((precision == Precision::bf16 ? "fused_bf16/train_tile/" : "fused/train_tile/") + network.name, train_tile,
          spec);
    }
  for (const Structure& network : networks) add_step_rows(network);
}

}  // namespace
}  // namespace frugal

int main(int argc, char** argv) {
  return frugal::micro::run(argc, argv, [] {
    frugal::add_kernel_rows();
    frugal::add_product_rows();
    frugal::add_network_rows();
  });
}
