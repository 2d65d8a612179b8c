// The kernels of narrow.hpp that are compiled, of one kind of operand and of function.
#pragma once
#include "impl/cuda/inr/narrow_paired.hpp"
#include "impl/cuda/inr/narrow_resident.hpp"

namespace frugal::cuda {

template <class Shape>
constexpr NarrowKernel narrow_kernel(NarrowMeeting meeting, std::size_t shared_bytes, NarrowFunction function) {
  return {Shape::width,
          Shape::hidden,
          Shape::points,
          Shape::threads,
          meeting,
          shared_bytes,
          Shape::hidden * Shape::layer_bytes + Shape::thin * 4,
          Shape::hidden_float4,
          Shape::state_float4,
          function};
}
template <class Shape, bool first_in_shared, int passes>
constexpr NarrowKernel resident_kernel() {
  return narrow_kernel<Shape>(NarrowMeeting::none, ResidentMemory<Shape, first_in_shared>::bytes,
                              narrow_resident<Shape, first_in_shared, passes>);
}
template <class Shape>
constexpr NarrowKernel gathered_kernel() {
  return narrow_kernel<Shape>(NarrowMeeting::in_memory, GatheredMemory<Shape>::state_at, narrow_gathered<Shape>);
}
template <class Shape>
constexpr NarrowKernel paired_kernel() {
  return narrow_kernel<Shape>(NarrowMeeting::in_cluster, PairedMemory<Shape>::state_at, narrow_paired<Shape>);
}

/// Operands of one part leave room for tiles twice as large, and registers for twice as many threads: measured 6 % faster
/// (in two parts: not faster, so there this is one of the others again).
template <int hidden, class T, int parts, template <class, int> class F>
using LargeTile = NarrowShape<64, hidden, parts == 1 ? 128 : 64, parts == 1 ? 512 : 256, T, parts, true, F>;

template <class T, int parts, template <class, int> class F>
inline constexpr NarrowKernel narrow_kernel_table[] = {
    resident_kernel<NarrowShape<128, 1, 16, 256, T, parts, false, F>, true, 1>(),
    resident_kernel<NarrowShape<128, 1, 64, 256, T, parts, false, F>, false, 2>(),
    paired_kernel<NarrowShape<128, 1, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<64, 1, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<64, 2, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<64, 3, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<64, 4, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<64, 5, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<128, 1, 64, 256, T, parts, true, F>>(),
    gathered_kernel<NarrowShape<128, 2, 32, 256, T, parts, true, F>>(),
    gathered_kernel<LargeTile<2, T, parts, F>>(),
    gathered_kernel<LargeTile<3, T, parts, F>>(),
};

}  // namespace frugal::cuda
