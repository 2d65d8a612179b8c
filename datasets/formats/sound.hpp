// Sound as WAV, FLAC and OGG, by libsndfile. All throw UserError.
#pragma once
#include <filesystem>
#include <string>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// All channels of a WAV (RIFF) of 8-, 16-, 24- or 32-bit PCM or of 32- or 64-bit float, of a FLAC, or of an OGG (Vorbis
/// or Opus). A PCM value v of b bits becomes v / 2^(b - 1), so that silence is 0 (8-bit values of a WAV, which are
/// unsigned, are centred first); floats must lie within [-1, 1]. What Vorbis and Opus give beyond is clipped.
Signal read_audio(const std::filesystem::path& path);

/// What read_audio() will give, from the header alone.
SignalShape audio_shape(const std::filesystem::path& path);

/// The bytes of a WAV: PCM of 8, 16 or 24 bits, else 32-bit float. Values are clipped to [-1, 1], NaN to -1.
std::string encode_wav(const Signal& sound);

}  // namespace frugal::data
