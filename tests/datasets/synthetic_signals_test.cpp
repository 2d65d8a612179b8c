#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/formats/npy.hpp"
#include "datasets/formats/png.hpp"
#include "datasets/formats/sound.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "datasets/synthetic/audio.hpp"
#include "datasets/synthetic/photo.hpp"
#include "datasets/synthetic/volume.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;

double mean_square(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += std::pow(value, 2);
  return sum / static_cast<double>(values.size());
}

std::vector<float> difference(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = a[i] - b[i];
  return result;
}

TEST(SyntheticPhoto, LargerSizesShowTheSameScene) {
  const Signal small = synthetic_photo(32, 5);
  const Signal large = squash(synthetic_photo(128, 5), 32);
  EXPECT_LT(mean_square(difference(small.values, large.values)), 0.1 * mean_square(small.values));
}

TEST(SyntheticPhoto, HasDetailAtEveryScale) {
  // What halving loses, level by level: an empty level would make the picture too easy.
  Signal picture = synthetic_photo(128, 7);
  for (int size = 64; size >= 8; size /= 2) {
    const Signal half = squash(picture, size);
    EXPECT_GT(mean_square(difference(picture.values, squash(half, 2 * size).values)), 1e-3) << "at size " << size;
    picture = half;
  }
}

/// Energy of a sound at one frequency, in cycles a sample (Goertzel).
double energy_at(const std::vector<float>& sound, double frequency) {
  double re = 0;
  double im = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    re += sound[i] * std::cos(2 * M_PI * frequency * static_cast<double>(i));
    im += sound[i] * std::sin(2 * M_PI * frequency * static_cast<double>(i));
  }
  return (re * re + im * im) / static_cast<double>(sound.size());
}

TEST(SyntheticAudio, IsLoudBelowSevenKilohertzAndAlmostSilentAbove) {
  const Signal sound = synthetic_audio(16'384, 3);
  double low = 0;
  double high = 0;
  for (int hz = 100; hz < 2000; hz += 10) low += energy_at(sound.values, hz / 16e3);
  for (int hz = 7500; hz < 8000; hz += 10) high += energy_at(sound.values, hz / 16e3);
  EXPECT_GT(low / 190, 1000 * high / 50);
  EXPECT_GT(high, 0) << "noise is everywhere";
  EXPECT_LT(std::abs(energy_at(sound.values, 0)), low / 190);
}

TEST(SyntheticAudio, SoundsThroughoutAndIsNeverTooLoud) {
  const Signal sound = synthetic_audio(16'384, 4);
  for (std::size_t part = 0; part < 8; ++part) {
    const auto begin = sound.values.begin() + static_cast<std::ptrdiff_t>(part * 2048);
    EXPECT_GT(mean_square({begin, begin + 2048}), 1e-4) << "part " << part;
  }
}

TEST(SyntheticVolume, IsADistance) {
  // Where it is not cut off, a distance changes by at most the step, here 2 / 48 over the cut-off 0.5; and some places
  // lie inside, some outside.
  const int side = 48;
  const Signal volume = synthetic_volume(side, 2);
  double steepest = 0;
  for (std::size_t i = 0; i + 1 < volume.values.size(); ++i) {
    if ((i + 1) % side != 0) steepest = std::max(steepest, std::abs(volume.values[i + 1] * 1.0 - volume.values[i]));
  }
  EXPECT_LE(steepest, 2.0 / side / 0.5 + 1e-6);
  EXPECT_GT(steepest, 0.9 * 2.0 / side / 0.5);
  EXPECT_LT(*std::min_element(volume.values.begin(), volume.values.end()), -0.2F);
  EXPECT_EQ(*std::max_element(volume.values.begin(), volume.values.end()), 1.0F);
}

TEST(SyntheticVolume, FinerGridsShowTheSameShape) {
  const Signal coarse = synthetic_volume(8, 2);
  const Signal fine = synthetic_volume(24, 2);  // every third cell has the centre of a coarse one
  for (std::size_t z = 0; z < 8; ++z) {
    for (std::size_t y = 0; y < 8; ++y) {
      for (std::size_t x = 0; x < 8; ++x) {
        EXPECT_NEAR(coarse.values[(z * 8 + y) * 8 + x], fine.values[((3 * z + 1) * 24 + 3 * y + 1) * 24 + 3 * x + 1],
                    1e-6);
      }
    }
  }
}

class SyntheticSignalFiles : public WithFolder {};

TEST_F(SyntheticSignalFiles, AreReadBack) {
  write_synthetic(complete_dataset({{"name", "synthetic-photo"}}), folder_ / "p.png", 9, 1);
  EXPECT_EQ(png_shape(folder_ / "p.png"), synthetic_photo_shape(9));
  write_synthetic(complete_dataset({{"name", "synthetic-audio"}, {"samples", 40}}), folder_ / "s.wav", 512, 1);
  EXPECT_EQ(audio_shape(folder_ / "s.wav"), synthetic_audio_shape(40));
  write_synthetic(complete_dataset({{"name", "synthetic-volume"}, {"side", 6}}), folder_ / "v.npy", 512, 1);
  EXPECT_EQ(read_volume(folder_ / "v.npy"), synthetic_volume(6, 1));
}

TEST_F(SyntheticSignalFiles, NeedTheEndingOfTheirKind) {
  const auto complaint = [&](const char* name, const char* file) {
    return user_error([&] { write_synthetic(complete_dataset({{"name", name}}), folder_ / file, 8, 0); });
  };
  EXPECT_THAT(complaint("synthetic-photo", "p.wav"), HasSubstr("known: .png"));
  EXPECT_THAT(complaint("synthetic-audio", "s.flac"), HasSubstr("known: .wav"));
  EXPECT_THAT(complaint("synthetic-volume", "v.npz"), HasSubstr("known: .npy"));
  EXPECT_THAT(complaint("camera", "v.npy"), HasSubstr("only generators"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace frugal::data
