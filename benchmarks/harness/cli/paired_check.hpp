// `frugal check --paired OLD NEW`: runs two programs in turns and judges their times.
#pragma once
#include "benchmarks/harness/cli/verb.hpp"
#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {

/// arguments: the two programs. Throws UserError when one of them fails to run a cell, or runs another one than it is
/// asked for, and when the cells of the two settings do not belong together.
Judgement check_pairs(const Call& call);

}  // namespace frugal::harness
