// The noise of few seeds, steadied by that of the other cells: a variance from three values is nearly worthless, but a
// plan has many cells. Empirical Bayes after G. K. Smyth, "Linear models and empirical Bayes methods for assessing
// differential expression in microarray experiments", Stat. Appl. Genet. Mol. Biol. 3(1), 2004, section 6.2.
#pragma once
#include <optional>
#include <span>

namespace frugal::harness {

/// A variance estimated with so many degrees of freedom; 0 degrees: nothing is known, and `value` does not count.
struct Variance {
  double value = 0;
  double degrees = 0;
};

/// What the variances of the cells have in common: the scaled inverse chi-square distribution with `degrees` degrees of
/// freedom around `value`, fitted to the mean and the spread of their logarithms. Many degrees: all cells are equally
/// noisy. Empty when fewer than three cells have a variance: two do not tell what is common. Cells without spread count
/// as very quiet ones, at 1e-5 of the median. The degrees are at most the sum of those given: there is no more evidence
/// than that.
std::optional<Variance> fit_prior(std::span<const Variance> cells);

/// The variance of one cell in the light of the others: both, weighted by their degrees of freedom, which add up.
Variance steadied(const Variance& cell, const std::optional<Variance>& prior);

}  // namespace frugal::harness
