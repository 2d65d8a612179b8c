// Pictures as JPEG, by libjpeg-turbo. All throw UserError.
#pragma once
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

}  // namespace frugal::data
