// Pictures as PNG. All throw UserError.
#pragma once
#include <filesystem>
#include <string>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// A PNG of 8 or 16 bits, grey or RGB: palettes are expanded, fewer bits become 8, and what is transparent is laid over
/// white: a level v of opacity a becomes (a v + (m - a) m) / m, rounded, m = 2^b - 1, of the values as they are stored.
/// A value v of b bits becomes 2 v / (2^b - 1) - 1.
Signal read_png(const std::filesystem::path& path);

/// What read_png() will give, from the header alone.
SignalShape png_shape(const std::filesystem::path& path);

/// What read_png() does to what is stored, "transparent parts over white"; empty: nothing.
std::string png_treatment(const std::filesystem::path& path);

/// The bytes of a file: grey or RGB, of 16 bits where `bits` is 16, else 8. Values are clipped to [-1, 1], NaN to -1.
std::string encode_png(const Signal& picture);

}  // namespace frugal::data
