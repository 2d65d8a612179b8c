#include "datasets/synthetic/audio.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

constexpr int audio_rate = 16'000;
constexpr int note_count = 4;
constexpr double highest_overtone = 7000;  // Hz; below half the rate, so that nothing aliases
constexpr double peak = 0.9;
constexpr double noise_level = 0.01;
constexpr std::uint32_t notes_stream = 1;
constexpr std::uint32_t noise_stream = 2;

struct Note {
  double begin;    ///< s
  double length;   ///< s
  double pitch;    ///< Hz, at the begin
  double octaves;  ///< that the pitch glides until the end

  /// Adds the note to the samples it covers. The phase is the integral of pitch * 2^(octaves * t / length).
  void play(std::vector<double>& sound) const {
    const auto first = static_cast<std::size_t>(begin * audio_rate);
    const auto end = std::min(sound.size(), static_cast<std::size_t>((begin + length) * audio_rate));
    for (std::size_t i = first; i < end; ++i) {
      const double share = (static_cast<double>(i) / audio_rate - begin) / length;
      const double rate = octaves * std::numbers::ln2;
      const double cycles = pitch * length * (std::abs(rate) > 1e-6 ? std::expm1(rate * share) / rate : share);
      const double now = pitch * std::exp2(octaves * share);
      const double swell = std::pow(std::sin(std::numbers::pi * std::clamp(share, 0.0, 1.0)), 2);
      double sum = 0;
      for (int k = 1; k <= 8; ++k) {
        // Fades out below the limit, so that a glide through it does not click.
        const double audible = std::clamp((highest_overtone - k * now) / 1000, 0.0, 1.0);
        sum += audible / k * std::sin(2 * std::numbers::pi * k * cycles);
      }
      sound[i] += swell * sum;
    }
  }
};

/// Note n begins in the n-th part of the time and may sound on into the next ones.
Note note(const Philox& random, std::uint64_t n, double seconds) {
  const auto uniform = [&](std::uint64_t k) { return static_cast<double>(random.uniform(4 * n + k, notes_stream)); };
  const double part = seconds / note_count;
  return {.begin = part * (static_cast<double>(n) + 0.25 * uniform(0)),
          .length = part * (1 + uniform(1)),
          .pitch = 110 * std::exp2(3 * uniform(2)),
          .octaves = 2 * uniform(3) - 1};
}

}  // namespace

SignalShape synthetic_audio_shape(int samples) {
  return {.shape = {samples}, .channels = 1, .bits = 16, .sample_rate = audio_rate};
}

Signal synthetic_audio(int samples, std::uint64_t seed) {
  Signal result{synthetic_audio_shape(samples), {}};
  const Philox random(seed, Purpose::synthetic_image);
  std::vector<double> sound(result.samples(), 0.0);
  for (std::uint64_t n = 0; n < note_count; ++n) note(random, n, static_cast<double>(samples) / audio_rate).play(sound);
  double loudest = 1e-9;  // a note of a single sample is silence
  for (const double value : sound) loudest = std::max(loudest, std::abs(value));
  result.values.reserve(sound.size());
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double value = peak * (sound[i] / loudest + noise_level * random.normal(i, noise_stream));
    result.values.push_back(static_cast<float>(std::clamp(value, -1.0, 1.0)));
  }
  return result;
}

}  // namespace frugal::data
