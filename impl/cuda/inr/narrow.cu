// Which of the narrow kernels trains an ensemble, and its launch.
#include <algorithm>
#include <utility>

#include "impl/cuda/inr/narrow.hpp"

namespace frugal::cuda {
namespace {

constexpr std::int64_t blocks_at_once = 128;  ///< inr_blocks_at_once to the next lower power of two
constexpr int most_blocks = 32;               ///< of a network

std::span<const NarrowKernel> kernels_of(const InrSpec& spec) {
  const bool sine = spec.activation == Activation::sine;
  switch (spec.precision) {
    case Precision::fp32:
      return sine ? narrow_kernels_fp32() : narrow_kernels_any_fp32();
    case Precision::tf32:
      return sine ? narrow_kernels_tf32() : narrow_kernels_any_tf32();
    case Precision::bf16:
      return sine ? narrow_kernels_bf16() : narrow_kernels_any_bf16();
  }
  return {};
}

/// Of those that meet so the narrowest, with the smallest tile that takes all points at once or else the largest.
const NarrowKernel* kernel_for(const InrSpec& spec, NarrowMeeting meeting) {
  const NarrowKernel* best = nullptr;
  for (const NarrowKernel& kernel : kernels_of(spec)) {
    if (kernel.meeting != meeting || spec.width > kernel.width || spec.hidden_layers != kernel.hidden) continue;
    if (meeting == NarrowMeeting::none && spec.points > kernel.points) continue;
    const auto waste = [&](const NarrowKernel& k) {
      return std::pair(k.width, k.points >= spec.points ? k.points : 10000 - k.points);
    };
    if (best == nullptr || waste(kernel) < waste(*best)) best = &kernel;
  }
  return best;
}

}  // namespace

std::optional<NarrowPlan> narrow_plan(const InrSpec& spec, const DeviceLimits& limits) {
  if (limits.compute_capability < 80 || spec.channels > 3) return {};
  const NarrowKernel* const gathered = kernel_for(spec, NarrowMeeting::in_memory);
  const NarrowKernel* const resident = kernel_for(spec, NarrowMeeting::none);
  if (gathered == nullptr) return {};
  NarrowPlan plan{.kernel = gathered};
  const std::int64_t tiles = (spec.points + gathered->points - 1) / gathered->points;
  while (2 * plan.blocks <= std::min<std::int64_t>(tiles, most_blocks) &&
         2 * plan.blocks * spec.networks <= blocks_at_once)
    plan.blocks *= 2;
  if (plan.blocks == 1 && resident != nullptr && resident->width == gathered->width) plan.kernel = resident;
  if (plan.blocks == 2 && limits.compute_capability >= 90) {
    const NarrowKernel* const paired = kernel_for(spec, NarrowMeeting::in_cluster);
    if (paired != nullptr && paired->width == gathered->width) plan.kernel = paired;
  }
  const std::int64_t slots = limits.multiprocessors / plan.blocks;
  if (slots == 0) return {};
  plan.slots = static_cast<int>(std::min(slots, spec.networks));
  plan.shared_bytes = plan.kernel->shared_bytes;
  if (plan.kernel->meeting != NarrowMeeting::none) {
    const std::size_t slice = 16 * static_cast<std::size_t>(plan.slice());
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
  const NarrowMeeting meeting = plan.kernel->meeting;
  launch({.name = meeting == NarrowMeeting::none         ? "narrow_resident"
                  : meeting == NarrowMeeting::in_cluster ? "narrow_paired"
                                                         : "narrow_gathered",
          .grid = static_cast<unsigned>(plan.slots * plan.blocks),
          .block = static_cast<unsigned>(plan.kernel->threads),
          .shared_bytes = plan.shared_bytes,
          .cluster = meeting == NarrowMeeting::in_cluster ? 2U : 1U,
          .cooperative = meeting == NarrowMeeting::in_memory && plan.blocks > 1},
         stream, plan.kernel->function, training, scratch, updates, steps, squares);
}

}  // namespace frugal::cuda
