#include "datasets/formats/sound.hpp"

#include <sndfile.h>

#include <cmath>
#include <limits>

#include "datasets/formats/signal_file.hpp"
#include "datasets/synthetic/audio.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string little_endian(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// A WAV by hand: tag 1 is PCM, 3 is float, 6 is A-law.
std::string wav(int tag, int bits, int channels, const std::string& data) {
  const auto frame = static_cast<std::uint32_t>(channels * bits / 8);
  const std::string format = little_endian(static_cast<std::uint32_t>(tag), 2) +
                             little_endian(static_cast<std::uint32_t>(channels), 2) + little_endian(8000, 4) +
                             little_endian(8000 * frame, 4) + little_endian(frame, 2) +
                             little_endian(static_cast<std::uint32_t>(bits), 2);
  const std::string body = "WAVEfmt " + little_endian(16, 4) + format + "data" +
                           little_endian(static_cast<std::uint32_t>(data.size()), 4) + data;
  return "RIFF" + little_endian(static_cast<std::uint32_t>(body.size()), 4) + body;
}

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

class Wav : public WithFolder {
 protected:
  Signal read(const std::string& bytes) const { return read_audio(write("s.wav", bytes)); }
  std::string complaint(const std::string& bytes) const {
    return user_error([&] { read(bytes); });
  }
};

TEST_F(Wav, IntegersOfEveryWidthAreScaledSoThatSilenceIsZero) {
  EXPECT_THAT(read(wav(1, 8, 1, std::string("\x80\x00\xff\x81", 4))).values,
              ElementsAre(0, -1, 127 / 128.0F, 1 / 128.0F));
  EXPECT_THAT(read(wav(1, 16, 1, std::string("\x00\x00\x00\x80\xff\x7f\x01\x00", 8))).values,
              ElementsAre(0, -1, 32767 / 32768.0F, 1 / 32768.0F));
  EXPECT_THAT(read(wav(1, 24, 1, std::string("\x00\x00\x00\x00\x00\x80\xff\xff\x7f\x01\x00\x00", 12))).values,
              ElementsAre(0, -1, 8388607 / 8388608.0F, 1 / 8388608.0F));
  EXPECT_THAT(read(wav(1, 32, 1, std::string("\x00\x00\x00\x80\x00\x00\x00\x40", 8))).values, ElementsAre(-1, 0.5));
  EXPECT_THAT(read(wav(3, 32, 1, floats({0.1F, -1, 1}))).values, ElementsAre(0.1F, -1, 1));
}

TEST_F(Wav, DoublesAreRead) {
  const std::vector<double> values{0.1, -1, 1, 0};
  const std::string bytes(reinterpret_cast<const char*>(values.data()), 4 * sizeof(double));
  const Signal sound = read(wav(3, 64, 1, bytes));
  EXPECT_EQ(sound, (Signal{{.shape = {4}, .channels = 1, .bits = 64, .sample_rate = 8000}, {0.1F, -1, 1, 0}}));
  const std::vector<double> loud{0, -1.5};
  EXPECT_THAT(complaint(wav(3, 64, 1, {reinterpret_cast<const char*>(loud.data()), 2 * sizeof(double)})),
              HasSubstr("sample 1 is -1.5"));
}

TEST_F(Wav, StereoKeepsItsChannelsInOrder) {
  const Signal sound = read(wav(1, 16, 2, std::string("\x00\x40\x00\xc0\x00\x20\x00\xe0", 8)));
  EXPECT_EQ(sound, (Signal{{.shape = {2}, .channels = 2, .bits = 16, .sample_rate = 8000}, {0.5, -0.5, 0.25, -0.25}}));
}

TEST_F(Wav, EveryWidthSurvivesARoundTrip) {
  for (const int bits : {8, 16, 24, 32}) {
    SCOPED_TRACE(bits);
    Signal sound{{.shape = {300}, .channels = 2, .bits = bits, .sample_rate = 44'100}, {}};
    const int levels = 1 << std::min(bits, 24);  // of a float, 24 bits are left
    for (int i = 0; i < 600; ++i) {
      const int level = static_cast<int>(i * 7'919'000LL % levels) - levels / 2;
      sound.values.push_back(static_cast<float>(level) / static_cast<float>(levels / 2));
    }
    sound.values.front() = -1;
    sound.values.back() = static_cast<float>(levels / 2 - 1) / static_cast<float>(levels / 2);
    const auto path = write("s.wav", encode_wav(sound));
    EXPECT_EQ(read_audio(path), sound);
    EXPECT_EQ(audio_shape(path), static_cast<const SignalShape&>(sound));
  }
}

TEST_F(Wav, WritingClipsAndIsTheSameBytesEachTime) {
  Signal sound{{.shape = {4}, .channels = 1, .bits = 16, .sample_rate = 8000}, {2, -2, std::nanf(""), 1}};
  EXPECT_THAT(read(encode_wav(sound)).values, ElementsAre(32767 / 32768.0F, -1, -1, 32767 / 32768.0F));
  sound.bits = 32;
  EXPECT_THAT(read(encode_wav(sound)).values, ElementsAre(1, -1, -1, 1));
  EXPECT_EQ(encode_wav(sound).find("PEAK"), std::string::npos) << "this chunk holds the time";
}

TEST_F(Wav, ShapeNeedsTheHeaderOnly) {
  // All but 10 values are missing, as the writer's length, all ones, admits.
  std::string start = encode_wav(synthetic_audio(1000, 1)).substr(0, 64);
  start.replace(4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(audio_shape(write("s.wav", start)).shape, std::vector<int>{10});
}

TEST_F(Wav, ADataChunkLongerThanTheFileIsCutOffUnlessTheWriterStreamed) {
  std::string bytes = wav(1, 16, 1, "abcd");
  const std::size_t length_of_data = bytes.find("data") + 4;
  EXPECT_EQ(read(bytes).shape, std::vector<int>{2});
  for (const std::uint32_t length : {6U, 5000U, 0xfffffff0U, 0xffffffffU}) {
    bytes.replace(length_of_data, 4, little_endian(length, 4));
    EXPECT_THAT(complaint(bytes), HasSubstr("s.wav: cannot decode this WAV: the file is cut off")) << length;
  }
  for (const std::uint32_t length : {0U, 0xffffffffU}) {
    bytes.replace(4, 4, little_endian(length, 4));
    EXPECT_EQ(read(bytes).shape, std::vector<int>{2}) << length;
  }
  const std::string with_more = wav(1, 16, 1, "abcd").insert(12, "LIST" + little_endian(3, 4) + "abc" + '\0');
  EXPECT_EQ(read(with_more).shape, std::vector<int>{2});
  // Nobody streams what comes before the samples.
  std::string streamed = wav(1, 16, 1, "abcd").insert(12, "LIST" + little_endian(1U << 30, 4) + "abcd");
  streamed.replace(4, 4, 4, '\0');
  EXPECT_THAT(complaint(streamed), HasSubstr("cut off"));
}

TEST_F(Wav, DamagedAndForeignFilesAreRefused) {
  const std::string whole = encode_wav(synthetic_audio(100, 1));
  EXPECT_THAT(complaint("not a sound at all"), HasSubstr("not a WAV"));
  EXPECT_THAT(complaint("RIFF"), HasSubstr("not a WAV"));
  EXPECT_THAT(complaint(whole.substr(0, whole.size() - 2)), HasSubstr("cut off"));
  EXPECT_THAT(complaint(whole.substr(0, 20)), HasSubstr("cut off"));
  EXPECT_THAT(complaint(wav(1, 16, 1, "")), HasSubstr("no samples"));
  EXPECT_THAT(complaint(wav(1, 16, 0, "abcd")), HasSubstr("cannot decode this WAV"));
  EXPECT_THAT(complaint(wav(6, 8, 1, "abcd")), HasSubstr("no PCM"));
  EXPECT_THAT(complaint(wav(3, 32, 1, floats({0, 1.5F}))), HasSubstr("sample 1 is 1.5"));
  EXPECT_THAT(complaint(wav(3, 32, 2, floats({0, 0, 0, NAN}))), HasSubstr("sample 1 is nan"));
}

/// FLAC and OGG as libsndfile writes them.
class CompressedSound : public WithFolder {
 protected:
  std::filesystem::path encode(int format, const std::vector<float>& values, int channels = 1) const {
    const std::filesystem::path path = folder_ / "compressed";
    SF_INFO info{};
    info.samplerate = 8000;
    info.channels = channels;
    info.format = format;
    SNDFILE* const sound = sf_open(path.c_str(), SFM_WRITE, &info);
    EXPECT_NE(sound, nullptr) << sf_strerror(nullptr);
    std::vector<int> levels;  // floats would be scaled by 2^15 - 1
    for (const float value : values) levels.push_back(static_cast<int>(std::ldexp(static_cast<double>(value), 31)));
    sf_write_int(sound, levels.data(), static_cast<sf_count_t>(levels.size()));
    sf_close(sound);
    return path;
  }
  static std::vector<float> tone() {
    std::vector<float> values;
    for (int i = 0; i < 4000; ++i) values.push_back(static_cast<float>(0.5 * std::sin(0.2 * i)));
    return values;
  }
};

TEST_F(CompressedSound, FlacIsExact) {
  const auto path = encode(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, {0, 0.5, -0.5, 0.25, -1, 0.125}, 2);
  EXPECT_EQ(read_audio(path),
            (Signal{{.shape = {3}, .channels = 2, .bits = 16, .sample_rate = 8000}, {0, 0.5, -0.5, 0.25, -1, 0.125}}));
  EXPECT_EQ(signal_format(path), SignalFormat::sound);
  EXPECT_EQ(file_content(path), "3 samples at 8000 Hz, 2 channels of 16 bits");
}

TEST_F(CompressedSound, VorbisIsNearAndWithinTheRange) {
  const std::vector<float> values = tone();
  const auto path = encode(SF_FORMAT_OGG | SF_FORMAT_VORBIS, values);
  const Signal sound = read_audio(path);
  EXPECT_EQ(audio_shape(path), (SignalShape{.shape = {4000}, .channels = 1, .bits = 16, .sample_rate = 8000}));
  ASSERT_EQ(sound.values.size(), values.size());
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) squares += std::pow(sound.values[i] - values[i], 2);
  EXPECT_LT(squares / 4000, 1e-3);
}

TEST_F(CompressedSound, CutOffFilesAreRefused) {
  for (const int format : {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS}) {
    const std::string whole = read_whole_file(encode(format, tone()));
    EXPECT_THAT(user_error([&] { read_audio(write("cut", whole.substr(0, whole.size() - 50))); }),
                HasSubstr("cut off"));
    EXPECT_NE(user_error([&] { read_audio(write("cut", whole.substr(0, 40))); }), "");
  }
}

}  // namespace
}  // namespace frugal::data
