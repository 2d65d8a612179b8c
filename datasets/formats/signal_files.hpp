// One file per signal: PNG, WAV, NumPy .npy. The shapes come from a file's header alone. All throw UserError.
#pragma once
#include <algorithm>
#include <filesystem>
#include <string>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// A PNG of 8 or 16 bits as it is, grey or RGB: palettes are expanded, fewer bits become 8, transparency is dropped.
/// A value v of b bits becomes 2 v / (2^b - 1) - 1.
Signal read_picture(const std::filesystem::path& path);
SignalShape picture_shape(const std::filesystem::path& path);

/// A WAV (RIFF) of 8-, 16-, 24- or 32-bit PCM or 32-bit float, all channels. A PCM value v of b bits becomes
/// v / 2^(b - 1), so that silence is 0 (8-bit values, which are unsigned, are centred first); floats must lie within
/// [-1, 1].
Signal read_audio(const std::filesystem::path& path);
SignalShape audio_shape(const std::filesystem::path& path);

/// A NumPy array in C order of little-endian f4, f8, u1, u2 or i2: [depth, height, width], a video as
/// [frames, height, width], or either with channels last. Unsigned values fill [-1, 1], i2 becomes v / 2^15; floats
/// must lie within [-1, 1].
Signal read_volume(const std::filesystem::path& path);
SignalShape volume_shape(const std::filesystem::path& path);

/// The bytes of a file, in the form that write_signal() describes.
std::string encode_png(const Signal& picture);
std::string encode_wav(const Signal& sound);
std::string encode_npy(const Signal& volume);

/// What is written for a value: NaN is the lowest one.
inline double clipped(float value) { return value >= -1 ? std::min(value, 1.0F) : -1.0; }

}  // namespace frugal::data
