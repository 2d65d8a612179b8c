// The kernels of wide.hpp.
#pragma once
#include "impl/cuda/inr/wide_block.hpp"
#include "impl/cuda/inr/wide_gradient.hpp"
#include "impl/cuda/inr/wide_update.hpp"

namespace frugal::cuda {

/// Grid [tiles, group].
template <class Shape>
__global__ void __launch_bounds__(wide_threads, 1) wide_points(InrTraining training, WideScratch scratch) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  constexpr int W = Shape::width;
  WideBlock<Shape> b(training, scratch);
  if (training.curves[b.k].stopped(training.patience)) return;  // the whole block
#pragma unroll 1
  for (unsigned q = 0; q < Shape::ahead; ++q) b.ask();
  b.load();
  __syncthreads();
  b.first_layer();
  float sums[Shape::columns][4];
  float y[2][3] = {};
#pragma unroll 1
  for (int l = 1; l <= scratch.hidden; ++l) {
    b.copy_out(scratch.activations + b.layer_tile(l - 1) * Shape::tile_bytes);
    b.multiply(sums, -1);
    b.activate(l, sums, y);
  }
  float scale = b.find_errors(y);
  float* const thin = b.thin_gradient();
  b.thin_product(Shape::errors_at, training.scale / scale / Shape::Function::scale, thin + b.thin_places.last(), 0, 3);
  b.top_deltas(y, sums);
  scale *= b.store_deltas(sums, scale);
#pragma unroll 1
  for (int l = scratch.hidden; l >= 1; --l) {
    if (b.thread == 0) scratch.delta_scales[b.layer_tile(l - 1)] = scale;
    b.copy_out(scratch.deltas + b.layer_tile(l - 1) * Shape::tile_bytes);
    b.thin_product(Shape::factors_at, training.scale / scale, thin + b.thin_places.bias(l), 3, 4);
    b.multiply(sums, l - 1);
    b.deltas(l - 1, sums);
    scale *= b.store_deltas(sums, scale);
  }
  __syncthreads();
  b.thin_product(Shape::factors_at, training.scale / scale, thin, 0, 4);
  static_assert(W % 128 == 0);
#endif
}

template <class Shape>
constexpr WideKernels wide_kernels() {
  return {Shape::width,
          Shape::points,
          Shape::parts,
          wide_alignment + Shape::thin_at,
          wide_alignment + Shape::gradient_stages * Shape::gradient_stage_bytes,
          Shape::slope_words,
          wide_points<Shape>,
          wide_weights<Shape>,
          wide_update<Shape>,
          wide_start<Shape>};
}

/// Those of one kind of operand and of function: by width, and of one width those that need more shared memory first. A layer's weights
/// all ahead, where there is room, are copied under the sines of the layer before.
template <class T, int parts, template <class, int> class F>
inline constexpr WideKernels wide_kernel_table[] = {
    wide_kernels<WideShape<128, 128, T, parts, 4, F>>(),
    wide_kernels<WideShape<256, 128, T, parts, parts == 1 ? 8 : 4, F>>(),
    wide_kernels<WideShape<256, 128, T, parts, 4, F>>(),
    wide_kernels<WideShape<512, 64, T, parts, parts == 1 ? 4 : 2, F>>(),
};

}  // namespace frugal::cuda
