// RGB pictures, for callers that signal.hpp has not reached yet: [height, width, channels] row-major, in [-1, 1].
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "impl/common/document.hpp"

namespace frugal::data {

struct Image {
  int height = 0;
  int width = 0;
  int channels = 3;
  std::vector<float> values;
};

/// 8- or 16-bit grey or RGB PNG (palettes are expanded, alpha is dropped); RGB result. Throws UserError.
Image read_png(const std::filesystem::path& path);

/// 8-bit RGB; values are clipped to [-1, 1] and rounded. Written to a temporary file and renamed.
void write_png(const std::filesystem::path& path, const Image& image);

/// Squashes to size x size by antialiased bilinear (triangle filter) resampling, as Pillow does; a no-op at that size.
Image resize(const Image& image, int size);

/// A picture for `inr`: dataset {"name": manifest or generator, ...}, `image` the file inside it (ignored by
/// generators).
Image load_image(const Json& dataset, const std::string& image, int size,
                 const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed);

}  // namespace frugal::data
