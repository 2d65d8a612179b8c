// Pictures as JPEG, by libjpeg-turbo. All throw UserError.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// A JPEG of 8 bits, baseline or progressive, grey or colour, turned upright as its EXIF orientation says. A value v
/// becomes 2 v / 255 - 1. Refused: CMYK, other depths, and damaged or cut off files, of which libjpeg would guess the
/// rest.
Signal read_jpeg(const std::filesystem::path& path);

/// What read_jpeg() will give, from the header alone.
SignalShape jpeg_shape(const std::filesystem::path& path);

/// What read_jpeg() does to what is stored, "turned upright ..."; empty: nothing.
std::string jpeg_treatment(const std::filesystem::path& path);

/// In pixels: libjpeg's limit.
inline constexpr int longest_jpeg_side = 65'500;

struct JpegTrial {
  std::size_t bytes = 0;
  Signal picture;  ///< read back
};

/// What JPEG of that quality, 1 to 100, makes of a picture of one or three channels with 8 bits, no side longer than
/// longest_jpeg_side: baseline, with Huffman tables of its own, else as libjpeg does by default (colours at half the
/// resolution).
JpegTrial through_jpeg(const Signal& picture, int quality);

}  // namespace frugal::data
