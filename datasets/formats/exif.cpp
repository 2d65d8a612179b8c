#include "datasets/formats/exif.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace frugal::data {
namespace {

constexpr std::string_view exif_head("Exif\0\0", 6);
constexpr std::uint32_t orientation_tag = 0x0112;
constexpr std::uint32_t short_type = 3;  // 16 bits
constexpr std::size_t entry_bytes = 12;  // tag 2, type 2, count 4, value 4

/// The TIFF structure inside, in the byte order that it says.
class TiffBytes {
 public:
  explicit TiffBytes(std::string_view bytes) : bytes_(bytes), big_endian_(bytes.starts_with("MM")) {}

  std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes_[at + (big_endian_ ? i : size - 1 - i)]);
    return value;
  }

 private:
  std::string_view bytes_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(std::string_view segment) {
  if (!segment.starts_with(exif_head)) return upright;
  const TiffBytes tiff(segment.substr(exif_head.size()));
  const std::size_t directory = tiff.number(4, 4).value_or(0);
  const std::uint32_t entries = tiff.number(directory, 2).value_or(0);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * entry_bytes;
    const auto tag = tiff.number(entry, 2);
    if (!tag) break;
    if (tag != orientation_tag || tiff.number(entry + 2, 2) != short_type) continue;
    const std::uint32_t value = tiff.number(entry + 8, 2).value_or(upright);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : upright;
  }
  return upright;
}

bool lies_on_its_side(int orientation) { return orientation >= 5; }

Signal turned_upright(Signal picture, int orientation) {
  if (orientation == upright) return picture;
  const bool flips_rows = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool flips_columns = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const auto height = static_cast<std::size_t>(picture.shape.at(0));
  const auto width = static_cast<std::size_t>(picture.shape.at(1));
  const auto channels = static_cast<std::size_t>(picture.channels);
  Signal result{picture, {}};
  if (lies_on_its_side(orientation)) std::swap(result.shape[0], result.shape[1]);
  result.values.reserve(picture.values.size());
  for (std::size_t y = 0; y < static_cast<std::size_t>(result.shape[0]); ++y) {
    for (std::size_t x = 0; x < static_cast<std::size_t>(result.shape[1]); ++x) {
      std::size_t row = lies_on_its_side(orientation) ? x : y;
      std::size_t column = lies_on_its_side(orientation) ? y : x;
      if (flips_rows) row = height - 1 - row;
      if (flips_columns) column = width - 1 - column;
      const auto from = picture.values.begin() + static_cast<std::ptrdiff_t>((row * width + column) * channels);
      result.values.insert(result.values.end(), from, from + picture.channels);
    }
  }
  return result;
}

}  // namespace frugal::data
