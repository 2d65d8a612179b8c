// What is written as integers is rounded to the nearest level, to either side.
#include <cmath>

#include "datasets/formats/sound.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

class WavRounding : public WithFolder {};

TEST_F(WavRounding, SamplesBetweenLevelsGoToTheNearest) {
  for (const int bits : {8, 16, 24}) {
    const double scale = std::ldexp(1.0, bits - 1);
    Signal sound{{.shape = {6}, .channels = 1, .bits = bits, .sample_rate = 8000}, {}};
    const double levels[] = {5.4, 5.6, -5.4, -5.6, 0.6, -0.6};
    for (const double level : levels) sound.values.push_back(static_cast<float>(level / scale));
    write_whole_file(folder_ / "s.wav", encode_wav(sound));
    const Signal read = read_audio(folder_ / "s.wav");
    ASSERT_EQ(read.bits, bits);
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_EQ(read.values[i] * scale, std::round(levels[i])) << bits << " " << levels[i];
  }
}

}  // namespace
}  // namespace frugal::data
