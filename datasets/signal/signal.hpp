// Signals of any dimension: pictures, sound, volumes and video.
#pragma once
#include <cstddef>
#include <vector>

#include "impl/base/names.hpp"

namespace frugal::data {

/// What is known of a signal before its values are read.
struct SignalShape {
  /// Samples along each dimension: {samples} of sound, {height, width} of a picture, {depth, height, width} of a
  /// volume, {frames, height, width} of a video.
  std::vector<int> shape{};
  int channels = 1;
  /// Of one raw value of one channel, so that samples() * channels * bits is the raw size. 8 or 16 for pictures, 8, 16,
  /// 24 or 32 for sound, up to 64 for volumes.
  int bits = 8;
  int sample_rate = 0;  ///< samples a second of sound; 0 for all else

  std::size_t samples() const;
  bool operator==(const SignalShape&) const = default;
};

struct Signal : SignalShape {
  std::vector<float> values{};  ///< [shape..., channels] row-major, in [-1, 1]

  bool operator==(const Signal&) const = default;
};

/// Of pictures: rgb (grey is repeated in three channels), grey (Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B, of the
/// values as they are stored), own (as it is).
enum class Colour { rgb, grey, own };

inline constexpr Named<Colour> colour_names[] = {{Colour::rgb, "rgb"}, {Colour::grey, "grey"}, {Colour::own, "own"}};

/// A picture of one or three channels in that colour.
Signal recoloured(Signal picture, Colour colour);

/// Squashes a picture to side x side by antialiased bilinear (triangle filter) resampling, as Pillow does; a no-op at
/// that size.
Signal squash(const Signal& picture, int side);

/// Where two pictures of one shape differ: per pixel the largest absolute error of its channels, as an RGB picture from
/// black (no error) over red and yellow to white (an error of `white` or more, on the scale of the values; NaN too).
/// CIE lightness is linear in the error. Throws UserError unless both are pictures of one shape and white > 0.
Signal error_map(const Signal& original, const Signal& reconstruction, double white);

}  // namespace frugal::data
