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
/// freedom around `value`. Many degrees: all cells are equally noisy.
struct Prior {
  Variance common;
  double evidence = 0;  ///< the degrees of all cells together: nothing is known better
};

/// Fitted to the mean and the spread of the variances' logarithms. Empty when fewer than three cells have a variance: two
/// do not tell what is common. Cells without spread count as very quiet ones, at 1e-5 of the median.
std::optional<Prior> fit_prior(std::span<const Variance> cells);

/// The variance of one cell in the light of the others: both, weighted by their degrees of freedom, which add up to all
/// that there are at most.
Variance steadied(const Variance& cell, const std::optional<Prior>& prior);

}  // namespace frugal::harness
