// Sound that stands in for a recording: a few gliding notes with overtones, and a little noise.
#pragma once
#include <cstdint>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// One channel at 16 kHz. Four notes, spread over the whole length, each a chirp (its pitch glides by up to an octave)
/// with overtones below 7 kHz that swells and fades; white noise 40 dB below the loudest sample.
Signal synthetic_audio(int samples, std::uint64_t seed);
/// What is known of synthetic_audio(): {samples}, one channel of 16 bits at 16 kHz.
SignalShape synthetic_audio_shape(int samples);

}  // namespace frugal::data
