// Axes over how cells run rather than over what they compute: limits.threads, limits.ranks, limits.isa, measure.pin.
// Where one is an axis (matrix, zip, include), its value is part of the cell and of its id; else it is the whole
// plan's, and ids are as if there were no such thing.
#pragma once
#include <string_view>

#include "benchmarks/harness/plan/plan.hpp"

namespace frugal::harness {

/// The instruction sets that limits.isa may ask of the cpu back end: `widest` is the best of the processor.
enum class ChosenIsa { widest, avx512, avx2 };
inline constexpr Named<ChosenIsa> chosen_isa_names[] = {
    {ChosenIsa::widest, "widest"}, {ChosenIsa::avx512, "avx512"}, {ChosenIsa::avx2, "avx2"}};

inline constexpr std::string_view execution_paths[] = {"limits.threads", "limits.ranks", "limits.isa", "measure.pin"};
bool is_execution_path(std::string_view path);

/// The value of such an axis. Throws UserError.
Json read_execution(std::string_view path, const Node& value);

/// What holds for one cell of a plan.
Limits limits_of(const Cell& cell, Limits of_plan);
Measure measure_of(const Cell& cell, Measure of_plan);

/// Reads limits.threads; `least` 0 where that stands for all cores. Throws UserError.
int read_threads(const Node& node, int least);

/// Reads limits.ranks. Throws UserError.
int read_ranks(const Node& node);

}  // namespace frugal::harness
