// Volumes, video and tables as NumPy's .npy. All throw UserError.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// A NumPy array in C order of little-endian f4, f8, u1, u2 or i2: [depth, height, width], a video as
/// [frames, height, width], or either with channels last. Unsigned values fill [-1, 1], i2 becomes v / 2^15; floats
/// must lie within [-1, 1].
Signal read_volume(const std::filesystem::path& path);

/// What read_volume() will give, from the header alone.
SignalShape volume_shape(const std::filesystem::path& path);

/// The bytes of a file: little-endian float32, channels last where there are several. Values are clipped to [-1, 1],
/// NaN to -1.
std::string encode_npy(const Signal& volume);

/// Writes an array, row-major, as little-endian float32, for other tools. Nothing is clipped.
void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape, std::span<const float> values);

}  // namespace frugal::data
