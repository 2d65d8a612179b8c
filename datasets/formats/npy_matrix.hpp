// Tables of numbers for other tools.
#pragma once
#include <filesystem>
#include <span>

namespace frugal::data {

/// Writes [rows, columns] row-major as a NumPy .npy file of little-endian float32. Throws UserError when it cannot.
void write_npy_matrix(const std::filesystem::path& path, int rows, int columns, std::span<const float> values);

}  // namespace frugal::data
