// Which of the narrow kernels trains an ensemble, and its launch.
#include <algorithm>

#include "impl/cuda/inr/narrow.hpp"

namespace frugal::cuda {
namespace {

/// What the number of blocks of a network is derived from, whatever the device has: the multiprocessors of the devices
/// that these kernels are tuned for, to the next lower power of two.
constexpr std::int64_t blocks_at_once = 128;
constexpr int most_blocks = 32;  ///< of a network

std::span<const NarrowKernel> kernels_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return narrow_kernels_fp32();
    case Precision::tf32:
      return narrow_kernels_tf32();
    case Precision::bf16:
      return narrow_kernels_bf16();
  }
  return {};
}

/// The one with the smallest tile of those that take a network's points at once, else the largest.
const NarrowKernel* kernel_for(const InrSpec& spec) {
  const NarrowKernel* best = nullptr;
  for (const NarrowKernel& kernel : kernels_of(spec.precision)) {
    if (spec.width > kernel.width || (best != nullptr && kernel.width > best->width)) continue;
    if (spec.hidden_layers != kernel.hidden || (kernel.resident && spec.points > kernel.points)) continue;
    const bool better = best == nullptr || kernel.width < best->width || (kernel.resident && !best->resident) ||
                        (kernel.resident && kernel.points < best->points);
    if (better) best = &kernel;
  }
  return best;
}

}  // namespace

std::optional<NarrowPlan> narrow_plan(const InrSpec& spec, const DeviceLimits& limits) {
  if (limits.compute_capability < 80 || spec.activation != Activation::sine || spec.channels > 3) return {};
  NarrowPlan plan{.kernel = kernel_for(spec)};
  if (plan.kernel == nullptr) return {};
  const std::int64_t tiles = (spec.points + plan.kernel->points - 1) / plan.kernel->points;
  if (!plan.kernel->resident)
    while (2 * plan.blocks <= std::min<std::int64_t>(tiles, most_blocks) &&
           2 * plan.blocks * spec.networks <= blocks_at_once)
      plan.blocks *= 2;
  const std::int64_t slots = limits.multiprocessors / plan.blocks;
  if (slots == 0) return {};
  plan.slots = static_cast<int>(std::min(slots, spec.networks));
  plan.shared_bytes = plan.kernel->shared_bytes;
  if (!plan.kernel->resident) {
    const auto slice = static_cast<std::size_t>((plan.kernel->state_float4 + plan.blocks - 1) / plan.blocks) * 16;
    while (plan.shared_state < 3 && plan.shared_bytes + slice <= limits.shared_bytes_per_block) {
      ++plan.shared_state;
      plan.shared_bytes += slice;
    }
  }
  if (plan.shared_bytes > limits.shared_bytes_per_block) return {};
  return plan;
}

void narrow_train(const InrTraining& training, const NarrowPlan& plan, const NarrowScratch& scratch,
                  const UpdateStep* updates, int steps, double* squares, const Stream& stream) {
  launch({.name = plan.kernel->resident ? "narrow_resident" : "narrow_gathered",
          .grid = static_cast<unsigned>(plan.slots * plan.blocks),
          .block = 256,
          .shared_bytes = plan.shared_bytes,
          .cooperative = plan.blocks > 1},
         stream, plan.kernel->function, training, scratch, updates, steps, squares);
}

}  // namespace frugal::cuda
