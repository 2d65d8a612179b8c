// Which of the wide kernels trains an ensemble, and their launches.
#include <algorithm>

#include "impl/cuda/inr/wide.hpp"

namespace frugal::cuda {
namespace {

constexpr int steps_per_graph = 8;

std::span<const WideKernels> kernels_of(const InrSpec& spec) {
  const bool sine = spec.activation == Activation::sine;
  switch (spec.precision) {
    case Precision::fp32:
      return sine ? wide_kernels_fp32() : wide_kernels_any_fp32();
    case Precision::tf32:
      return sine ? wide_kernels_tf32() : wide_kernels_any_tf32();
    case Precision::bf16:
      return sine ? wide_kernels_bf16() : wide_kernels_any_bf16();
  }
  return {};
}

}  // namespace

std::optional<WidePlan> wide_plan(const InrSpec& spec, const DeviceLimits& limits) {
  if (limits.compute_capability < 80 || spec.channels > 3 || spec.hidden_layers < 1) return {};
  for (const WideKernels& kernels : kernels_of(spec)) {
    if (spec.width > kernels.width) continue;
    WidePlan plan{.kernels = &kernels, .hidden = spec.hidden_layers, .networks = static_cast<int>(spec.networks)};
    plan.tiles = static_cast<int>((spec.points + kernels.points - 1) / kernels.points);
    plan.group = static_cast<int>(std::clamp<std::int64_t>(inr_blocks_at_once / plan.tiles, 1, spec.networks));
    const std::int64_t pieces = kernels.width / 128 * (kernels.width / 128) * plan.hidden;
    plan.cuts = static_cast<int>(std::clamp<std::int64_t>(inr_blocks_at_once / (pieces * plan.group), 1, plan.tiles));
    const std::size_t bytes = kernels.points_bytes + sizeof(float) * static_cast<std::size_t>(plan.thin());
    if (std::max(bytes, kernels.weights_bytes) > limits.shared_bytes_per_block) continue;
    return plan;
  }
  return {};
}

void wide_train(const InrTraining& training, const WidePlan& plan, const WideScratch& all, const UpdateStep* updates,
                int steps, double* squares, const Stream& stream) {
  const WideKernels& kernels = *plan.kernels;
  const auto of_layers = static_cast<unsigned>(plan.hidden * kernels.width * kernels.width / 1024);
  const auto of_thin = blocks_for(static_cast<std::uint64_t>(plan.thin() / 4), 8);
  const auto pieces = static_cast<unsigned>(kernels.width / 128 * (kernels.width / 128) * plan.hidden);
  const auto for_each_group = [&](const auto& body) {
    for (int first = 0; first < plan.networks; first += plan.group) {
      WideScratch scratch = all;
      scratch.hidden = plan.hidden;
      scratch.tiles = plan.tiles;
      scratch.cuts = plan.cuts;
      scratch.first = first;
      body(scratch, static_cast<unsigned>(std::min(plan.group, plan.networks - first)));
    }
  };
  for_each_group([&](const WideScratch& scratch, unsigned networks) {
    launch({"wide_start", dim3(of_layers, networks), 256}, stream, kernels.start, training, scratch);
  });
  const auto take_steps = [&](int n) {
    for (int s = 0; s < n; ++s)
      for_each_group([&](const WideScratch& scratch, unsigned networks) {
        launch({"wide_points", dim3(static_cast<unsigned>(plan.tiles), networks), 512,
                kernels.points_bytes + sizeof(float) * static_cast<std::size_t>(plan.thin())},
               stream, kernels.run_points, training, scratch);
        launch({"wide_weights", dim3(pieces * static_cast<unsigned>(plan.cuts), networks), 512, kernels.weights_bytes},
               stream, kernels.run_weights, training, scratch, squares);
        launch({"wide_update", dim3(of_layers + of_thin, networks), 256}, stream, kernels.update, training, scratch,
               updates);
      });
  };
  if (steps >= 2 * steps_per_graph) {
    const Graph graph(stream, [&] { take_steps(steps_per_graph); });
    for (int s = 0; s < steps / steps_per_graph; ++s) graph.replay(stream);
    stream.synchronize();  // the graph goes
  }
  take_steps(steps >= 2 * steps_per_graph ? steps % steps_per_graph : steps);
}

}  // namespace frugal::cuda
