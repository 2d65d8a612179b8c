// Which figure of a column is the best, where the figures can tell.
#pragma once
#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Marks, in each column with a better side and among rows of the same data (columns dataset.*), the row whose 95% interval
/// lies beyond that of every other. A figure of one draw has no interval: with it no row is marked, nor where a time was
/// disturbed.
void mark_best(Table& table);

/// Says what a mark means, where a shown column has one.
void note_best(Table& table);

}  // namespace frugal::harness
