// Numbers as tables print them.
#pragma once
#include <optional>
#include <string>

#include "benchmarks/harness/report/table.hpp"
#include "benchmarks/harness/study/seed_values.hpp"

namespace frugal::harness {

/// Work and memory: FLOP, B and their rates.
bool reads_best_with_prefix(const std::string& unit);

/// True when `format` is "si", "" or a fmt format of one double.
bool is_number_format(const std::string& format);

/// `value` and its half width by `format`: "" three significant digits without an exponent where that reads well
/// (0.0123, 1.23, 123, 12346), "si" with a prefix before `unit` ("1.02", " TFLOP"), or fmt.
TableEntry number_entry(double value, std::optional<double> half_width, const std::string& format,
                        const std::string& unit);
inline TableEntry number_entry(const Estimate& estimate, const std::string& format, const std::string& unit) {
  return number_entry(estimate.mean, estimate.half_width, format, unit);
}

/// Columns whose entries each bear a prefix of their own get one for all in the heading, that of the value in the middle
/// ("[GFLOP]"), where the largest is not beyond a million times the smallest. Values then are in that unit.
void put_prefixes_into_headings(Table& table);

/// A count, in full.
TableEntry count_entry(std::size_t count);

}  // namespace frugal::harness
