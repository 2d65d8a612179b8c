// Small integers in few bits: a binary range coder whose probabilities adapt (the carry-less form of LZMA's; Pavlov,
// LZMA specification, 2015).
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace frugal {

/// Writes the integers of a column. values: [rows], zeros.
using FillColumn = std::function<void(std::size_t column, std::span<std::int32_t> values)>;

/// A table whose columns have scales of their own and whose rows have too. Each integer is coded as "is it beyond 0, 1,
/// 2, ..." and its sign; how likely each answer is adapts to the column and to how large the row's integers were in the
/// columns before.
std::vector<std::uint8_t> code_integers(std::size_t rows, std::size_t columns, const FillColumn& fill);

/// What code_integers() was given, row-major, [rows, columns]. Throws std::invalid_argument for bytes that cannot be of it.
std::vector<std::int32_t> decode_integers(std::span<const std::uint8_t> bytes, std::size_t rows, std::size_t columns);

}  // namespace frugal
