// Comparisons as tables, for the formats that are made of them: CSV, LaTeX, HTML.
#pragma once
#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Every finding that has figures on both sides, with both values, the change, its interval and the verdict. `base` and
/// `run` are those that were compared.
Table compare_table(const Judgement& judgement, const Run& base, const Run& run);

}  // namespace frugal::harness
