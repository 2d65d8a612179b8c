// The strategies: each asks a lab for evaluations, one after another or in batches, until it is done; the best of what
// it asked for at full fidelity is what it found. None is random: the same evaluations lead to the same asks.
#pragma once
#include <vector>

#include "benchmarks/harness/search/lab.hpp"

namespace frugal::harness {

/// The oracle: everything, whatever it costs.
void search_exhaustively(const Problem& problem, Lab& lab);

/// Climbs from the middle of the space along its axes: one value up on an axis, one down, or up on one and down on
/// another. Where a known bound stands in the way of a step up, the other axis gives way as little as it must, and the
/// step goes as far as the bound then lets it: so the climb follows a bound instead of ending at it. Takes the first
/// step that is better, and goes on in its direction. Stops where no step is better, or when the budget is spent.
void search_greedily(const Problem& problem, Lab& lab);

/// Successive halving (Jamieson & Talwalkar 2016): evaluates many structures at the lowest fidelity, and at each
/// further one the best share of them, the smaller the more the fidelity grows. Best are those that no other one beats
/// both in objective and in the bounds that had to be measured: a bound that a short training breaks may be kept in the
/// end. Where the two are at odds, the last rung bisects between them. Begins with as many structures, spread over the
/// space, as the budget pays for to the end. No better than what its lowest fidelity says of the full one: deep
/// networks lead early and may lose.
void search_by_halving(const Problem& problem, Lab& lab);

/// Bayesian optimisation: a Gaussian process over the logarithms of the axes and of the known metrics, fitted to what
/// has been measured, for the objective and for each bound that is not known. Begins with a few structures spread over
/// the space, then evaluates the one with the largest expected improvement, times the probability that it is within
/// the bounds (Gardner et al. 2014), over its cost to a power that falls from 1 to 0 as the budget is spent (Lee et al.
/// 2020). Stops when next to nothing is to be expected, or when the budget is spent.
void search_by_model(const Problem& problem, Lab& lab);

/// No search at all: what was best on other data, as far as records of the same space tell (Structure::expected_gap).
/// Evaluates the structure of the least expected gap, then, in that order, whatever the rest of the budget pays for: an
/// expensive choice leaves enough for cheap ones, and where the data are unlike the records' one of these may be best.
void search_by_records(const Problem& problem, Lab& lab);

void search_with(Strategy strategy, const Problem& problem, Lab& lab);

/// What a strategy may spend, in the unit of Structure::cost: the exhaustive search everything, the others the budget's
/// share of that.
double spending_limit(Strategy strategy, const Problem& problem);

/// The structure nearest to the mean of all coordinates.
std::size_t middle_structure(const Problem& problem);

/// The first `count` structures of an order in which each is as far from all before it as can be; begins in the middle.
std::vector<std::size_t> spread_structures(const Problem& problem, std::size_t count);

}  // namespace frugal::harness
