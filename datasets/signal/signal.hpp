// Signals of any dimension for `inr`: pictures, sound, volumes and video, from a data set, a generator or a user's
// file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "impl/base/document.hpp"

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

/// What a plan says about the signal beside the data set.
struct SignalChoice {
  /// The file of a set that has several, as choose_picture() takes it; for the set "file" the path of a file, absolute
  /// or relative to the current folder. Generators ignore it.
  std::string file{};
  /// 0: the signal as it is. N > 0: pictures are squashed to N x N; of sound the first N samples are taken; a volume
  /// must be taken as it is. `synthetic-photo` has no size of its own and needs N.
  int size = 0;
  /// Of pictures: rgb (grey is repeated in three channels), grey (Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B, of the
  /// values as they are stored), own (as in the file; transparency is dropped). Other signals keep their channels.
  std::string colour = "rgb";
};

/// A signal for `inr`. dataset: {"name": manifest, generator or "file", parameters...}; the kind of a file (PNG, WAV,
/// .npy) is that of its content. `seed` is for generators. Throws UserError for a bad choice or a bad file,
/// UnavailableError, with the command to get it, for a file of a data set that is not here.
Signal load_signal(const Json& dataset, const SignalChoice& choice, const std::vector<std::filesystem::path>& data_dirs,
                   std::uint64_t seed);

/// The shape that load_signal() will give, from the file's header alone: for checks before a run. Throws as
/// load_signal(), but for what only the values show (damage behind the header, floats outside [-1, 1]).
SignalShape signal_shape(const Json& dataset, const SignalChoice& choice,
                         const std::vector<std::filesystem::path>& data_dirs);

/// Writes a signal in the format of its dimension and returns the path, `stem` with the ending appended: sound .wav
/// (PCM of 8, 16 or 24 bits, else 32-bit float), a picture .png (grey or RGB, of 16 bits where `bits` is 16, else 8),
/// volumes and video .npy (little-endian float32, channels last where there are several). Values are clipped to [-1,
/// 1], NaN to -1. Written to a temporary file and renamed. Throws UserError.
std::filesystem::path write_signal(const std::filesystem::path& stem, const Signal& signal);

/// Where two pictures of one shape differ: per pixel the largest absolute error of its channels, as an RGB picture from
/// black (no error) over red and yellow to white (an error of `white` or more, on the scale of the values; NaN too).
/// CIE lightness is linear in the error. Throws UserError unless both are pictures of one shape and white > 0.
Signal error_map(const Signal& original, const Signal& reconstruction, double white);

/// Squashes a picture to side x side by antialiased bilinear (triangle filter) resampling, as Pillow does; a no-op at
/// that size.
Signal squash(const Signal& picture, int side);

}  // namespace frugal::data
