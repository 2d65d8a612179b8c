#include "datasets/load/signal.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/formats/signal_file.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/synthetic/photo.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Pointwise;

Json named(const std::string& name) { return complete_dataset({{"name", name}}); }
Json own_dataset(const std::filesystem::path& path) {
  return complete_dataset({{"name", own_file}, {"path", path.string()}});
}

const SignalShape& shape_of(const Signal& signal) { return signal; }

class Signals : public WithFolder {
 protected:
  /// A file of the user's own.
  Signal own(const std::filesystem::path& path, const SignalChoice& choice = {}) const {
    const Signal signal = load_signal(own_dataset(path), choice, {}, 0);
    EXPECT_EQ(signal_shape(own_dataset(path), choice, {}), shape_of(signal));
    return signal;
  }
  std::string complaint(const std::filesystem::path& path, const SignalChoice& choice = {}) const {
    const std::string from_header = user_error([&] { signal_shape(own_dataset(path), choice, {}); });
    EXPECT_EQ(user_error([&] { load_signal(own_dataset(path), choice, {}, 0); }), from_header);
    return from_header;
  }
  std::filesystem::path write_picture(int channels, std::vector<float> values, int width, int bits = 8) const {
    const int height = static_cast<int>(values.size()) / channels / width;
    return write_signal(folder_ / "picture",
                        {{.shape = {height, width}, .channels = channels, .bits = bits}, std::move(values)});
  }
};

TEST_F(Signals, APictureKeepsItsSizeUnlessOneIsAskedFor) {
  const auto path = write_picture(3, std::vector<float>(5 * 7 * 3, 1.0F), 7);
  EXPECT_THAT(own(path).shape, ElementsAre(5, 7));
  EXPECT_THAT(own(path, {.size = 4}).shape, ElementsAre(4, 4));
}

TEST_F(Signals, GreyIsExpandedReducedOrKeptAsTheColourSays) {
  const auto grey = write_picture(1, {-1, 1}, 2, 16);
  EXPECT_EQ(own(grey), (Signal{{.shape = {1, 2}, .channels = 3, .bits = 16}, {-1, -1, -1, 1, 1, 1}}));
  EXPECT_EQ(own(grey, {.colour = "grey"}), (Signal{{.shape = {1, 2}, .channels = 1, .bits = 16}, {-1, 1}}));
  EXPECT_EQ(own(grey, {.colour = "own"}), own(grey, {.colour = "grey"}));
  const auto rgb = write_picture(3, {1, -1, -1, -1, 1, -1, -1, -1, 1, 1, 1, 1}, 4);
  EXPECT_EQ(own(rgb, {.colour = "own"}).channels, 3);
  EXPECT_THAT(own(rgb, {.colour = "grey"}).values,
              Pointwise(::testing::FloatNear(1e-6F), {2 * 0.299 - 1, 2 * 0.587 - 1, 2 * 0.114 - 1, 1.0}));
  EXPECT_EQ(own(rgb, {.size = 3, .colour = "grey"}).channels, 1);
}

TEST_F(Signals, SixteenBitsSurviveToTheSignal) {
  const float level = static_cast<float>(2 * 32769 / 65535.0 - 1);
  EXPECT_THAT(own(write_picture(1, {level}, 1, 16), {.colour = "own"}).values, ElementsAre(level));
}

TEST_F(Signals, OfSoundTheFirstSamplesAreTaken) {
  const Signal sound{{.shape = {3}, .channels = 2, .bits = 16, .sample_rate = 8000},
                     {0.5, -0.5, 0.25, -0.25, 0.125, -0.125}};
  const auto path = write_signal(folder_ / "sound", sound);
  EXPECT_EQ(own(path), sound);
  EXPECT_EQ(own(path, {.size = 3}), sound);
  EXPECT_THAT(own(path, {.size = 2}).values, ElementsAre(0.5, -0.5, 0.25, -0.25));
  EXPECT_THAT(complaint(path, {.size = 4}), HasSubstr("holds 3 samples, fewer than the 4"));
}

TEST_F(Signals, AVolumeIsTakenAsItIs) {
  const Signal video{{.shape = {1, 2, 1}, .channels = 3, .bits = 32}, {0, 0.25, 0.5, -0.5, -0.25, 0}};
  const auto path = write_signal(folder_ / "video", video);
  EXPECT_EQ(own(path), video);
  EXPECT_THAT(complaint(path, {.size = 2}), HasSubstr("set size to 0"));
}

TEST_F(Signals, TheKindOfAFileIsThatOfItsContent) {
  const auto path = write_signal(folder_ / "sound", {{.shape = {1}, .bits = 8, .sample_rate = 8000}, {0}});
  std::filesystem::rename(path, folder_ / "sound.png");
  EXPECT_THAT(own(folder_ / "sound.png").shape, ElementsAre(1));
}

TEST_F(Signals, AFileOfTheUserMayBeRelativeToTheCurrentFolder) {
  const auto path = write_picture(1, {0, 0}, 2);
  EXPECT_EQ(own(std::filesystem::relative(path)), own(path));
}

TEST_F(Signals, FilesThatCannotBeReadSayWhy) {
  EXPECT_THAT(complaint(""), HasSubstr("name a file"));
  EXPECT_THAT(complaint(folder_ / "none.png"), HasSubstr("none.png: cannot open this file"));
  EXPECT_THAT(complaint(folder_), HasSubstr("directory"));
  EXPECT_THAT(complaint(write("notes.txt", "some words of text")), HasSubstr("neither a PNG, nor a WAV, nor"));
  EXPECT_THAT(complaint(write("empty.png", "")), HasSubstr("neither a PNG"));
}

TEST_F(Signals, ChoicesThatMakeNoSenseAreRefused) {
  const auto path = write_picture(1, {0}, 1);
  EXPECT_THAT(complaint(path, {.colour = "gray"}), HasSubstr("did you mean 'grey'"));
  EXPECT_THAT(complaint(path, {.size = -1}), HasSubstr("not -1"));
  EXPECT_THAT(user_error([] { signal_shape(named("synthetic-photo"), {}, {}); }), HasSubstr("set size"));
  EXPECT_THAT(user_error([] { load_signal(named("ml-100k"), {}, {}, 0); }), HasSubstr("holds interactions, no signal"));
  EXPECT_THAT(user_error([] { load_signal(named("synthetic-clicks"), {}, {}, 0); }), HasSubstr("holds clicks"));
  EXPECT_THAT(user_error([] { signal_shape(named("flie"), {}, {}); }), HasSubstr("did you mean 'file'"));
}

TEST_F(Signals, OfADataSetAreFoundChosenAndChecked) {
  std::filesystem::create_directories(folder_ / "enrp");
  write_signal(folder_ / "enrp/lake_128", {{.shape = {2, 2}}, {0, 0, 0, 0}});
  EXPECT_THAT(signal_shape(named("enrp-lake"), {.size = 128}, {folder_}).shape, ElementsAre(128, 128));
  EXPECT_THAT(load_signal(named("enrp-lake"), {.file = "lake_128.png"}, {folder_}, 0).shape, ElementsAre(2, 2));
  EXPECT_THAT(user_error([&] { load_signal(named("enrp-lake"), {.file = "sea"}, {folder_}, 0); }),
              HasSubstr("lake_128.png"));
  write("images/camera.png", std::string("RIFF\4\0\0\0WAVE", 12));
  EXPECT_THAT(user_error([&] { signal_shape(named("camera"), {}, {folder_}); }),
              HasSubstr("should be the image of 'camera'"));
}

// The stand-in for RealSignals.LakeOfTheRightSizeIsChosen: one picture at three sizes, each of a grey of its own.
TEST_F(Signals, OfAPictureAtSeveralSizesTheOneOfTheSizeAskedForIsTaken) {
  std::filesystem::create_directories(folder_ / "enrp");
  for (const auto& [size, grey] : {std::pair{128, -1.0F}, {256, 1.0F}, {512, 0.2F}})
    write_signal(folder_ / ("enrp/lake_" + std::to_string(size)),
                 {{.shape = {size, size}, .channels = 1},
                  std::vector<float>(static_cast<std::size_t>(size) * static_cast<std::size_t>(size), grey)});
  const auto lake = [&](SignalChoice choice) {
    choice.colour = "own";
    const Signal signal = load_signal(named("enrp-lake"), choice, {folder_}, 0);
    EXPECT_EQ(signal_shape(named("enrp-lake"), choice, {folder_}), shape_of(signal));
    const auto [least, most] = std::minmax_element(signal.values.begin(), signal.values.end());
    EXPECT_NEAR(*least, *most, 1e-5);
    return std::pair{signal.shape.at(0), std::round(100 * signal.values.at(0)) / 100};
  };
  EXPECT_EQ(lake({.file = "lake", .size = 256}), std::pair(256, 1.0F));
  EXPECT_EQ(lake({.size = 256}), std::pair(256, 1.0F));
  EXPECT_EQ(lake({.size = 128}), std::pair(128, -1.0F));
  EXPECT_EQ(lake({.file = "lake_512.png", .size = 256}), std::pair(256, 0.2F));
  EXPECT_EQ(lake({.file = "lake_128.png"}), std::pair(128, -1.0F));
  EXPECT_EQ(lake({}), std::pair(512, 0.2F));
}

// The stand-in for RealSignals.FrontCenterIsAVoiceOf48kHz.
TEST_F(Signals, ASoundOfADataSetIsThatOfItsFile) {
  std::filesystem::create_directories(folder_ / "audio");
  const Signal voice{{.shape = {4}, .channels = 1, .bits = 16, .sample_rate = 48'000}, {0.5, -0.5, 0.25, 0}};
  write_signal(folder_ / "audio/Front_Center", voice);
  EXPECT_EQ(load_signal(named("alsa-front-center"), {}, {folder_}, 0), voice);
  EXPECT_EQ(signal_shape(named("alsa-front-center"), {}, {folder_}), shape_of(voice));
}

TEST_F(Signals, OfADataSetThatIsNotHereSayHowToGetIt) {
  for (const char* const name : {"astronaut", "alsa-front-center"}) {
    try {
      signal_shape(named(name), {.size = 64}, {folder_});
      FAIL() << "found a file in an empty folder";
    } catch (const UnavailableError& error) {
      EXPECT_THAT(error.what(), HasSubstr(std::string("frugal data fetch ") + name));
    }
  }
}

TEST_F(Signals, AreWrittenInTheFormatOfTheirDimension) {
  EXPECT_EQ(write_signal(folder_ / "a.b", {{.shape = {1}, .bits = 16, .sample_rate = 8000}, {0}}), folder_ / "a.b.wav");
  EXPECT_EQ(write_signal(folder_ / "a.b", {{.shape = {1, 1}}, {0}}), folder_ / "a.b.png");
  EXPECT_EQ(write_signal(folder_ / "a.b", {{.shape = {1, 1, 1}}, {0}}), folder_ / "a.b.npy");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 3) << "a temporary file was left";
  EXPECT_THAT(user_error([&] {
                write_signal(folder_ / "a", {{.shape = {1, 1, 1, 1}}, {0}});
              }),
              HasSubstr("4 dimensions"));
}

TEST(SignalSets, EveryGeneratorsShapeIsThatOfWhatItMakes) {
  int found = 0;
  for (const Generator& generator : generators()) {
    if (!is_signal(generator.kind)) continue;
    SCOPED_TRACE(generator.name);
    ++found;
    const SignalChoice choice{.size = generator.kind == Kind::volume ? 0 : 24};
    const Signal signal = load_signal(named(generator.name), choice, {}, 1);
    EXPECT_EQ(signal_shape(named(generator.name), choice, {}), shape_of(signal));
    EXPECT_EQ(signal.values.size(), signal.samples() * static_cast<std::size_t>(signal.channels));
    EXPECT_THAT(signal.values, ::testing::Each(::testing::AllOf(Ge(-1), Le(1))));
    EXPECT_EQ(load_signal(named(generator.name), choice, {}, 1), signal);
    EXPECT_NE(load_signal(named(generator.name), choice, {}, 2), signal);
  }
  EXPECT_EQ(found, 3);
}

TEST(SignalSets, ParametersOfGeneratorsSetTheShape) {
  EXPECT_THAT(signal_shape(complete_dataset({{"name", "synthetic-audio"}, {"samples", 50}}), {}, {}).shape,
              ElementsAre(50));
  EXPECT_THAT(load_signal(complete_dataset({{"name", "synthetic-volume"}, {"side", 5}}), {}, {}, 0).shape,
              ElementsAre(5, 5, 5));
  EXPECT_THAT(load_signal(named("synthetic-photo"), {.size = 6, .colour = "grey"}, {}, 0).channels, 1);
}

Signal grey(std::vector<float> values) {
  return {{.shape = {1, static_cast<int>(values.size())}, .channels = 1}, std::move(values)};
}

TEST(ErrorMap, RunsFromBlackToWhiteOverRed) {
  const Signal map = error_map(grey({0, 0, 0, 0}), grey({0, 0.5, -0.1F, std::nanf("")}), 0.5);
  EXPECT_EQ(map.channels, 3);
  EXPECT_THAT(std::vector<float>(map.values.begin(), map.values.begin() + 6), ElementsAre(-1, -1, -1, 1, 1, 1));
  EXPECT_GT(map.values[6], -0.8F) << "a small error is a dark red";
  EXPECT_EQ(map.values[7], -1);
  EXPECT_EQ(map.values[8], -1);
  EXPECT_THAT(std::vector<float>(map.values.begin() + 9, map.values.end()), ElementsAre(1, 1, 1));
}

TEST(ErrorMap, LightnessIsLinearInTheError) {
  std::vector<float> errors;
  for (int i = 0; i <= 100; ++i) errors.push_back(static_cast<float>(i) / 100);
  const Signal map = error_map(grey(std::vector<float>(101, 0)), grey(errors), 1);
  for (std::size_t i = 0; i <= 100; ++i) {
    double luminance = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const double stored = (map.values[3 * i + c] + 1) / 2;
      const double light = stored <= 0.04045 ? stored / 12.92 : std::pow((stored + 0.055) / 1.055, 2.4);
      luminance += light * std::vector<double>{0.2126, 0.7152, 0.0722}[c];
    }
    const double lightness = luminance > 0.008856 ? 116 * std::cbrt(luminance) - 16 : 903.3 * luminance;
    EXPECT_NEAR(lightness, static_cast<double>(i), 0.05);
  }
}

TEST(ErrorMap, TakesTheWorstChannel) {
  const Signal original{{.shape = {1, 1}, .channels = 3}, {0, 0, 0}};
  const Signal other{{.shape = {1, 1}, .channels = 3}, {0, -0.5, 0.1F}};
  EXPECT_EQ(error_map(original, other, 1), error_map(grey({0}), grey({0.5}), 1));
}

TEST(ErrorMap, NeedsTwoPicturesOfOneShape) {
  EXPECT_THAT(user_error([] { error_map(grey({0}), grey({0, 0}), 1); }), HasSubstr("one shape"));
  EXPECT_THAT(user_error([] { error_map({{.shape = {1}}, {0}}, {{.shape = {1}}, {0}}, 1); }), HasSubstr("pictures"));
  EXPECT_THAT(user_error([] { error_map(grey({0}), grey({0}), 0); }), HasSubstr("positive"));
}

TEST(RealSignals, LakeOfTheRightSizeIsChosen) {
  FRUGAL_REAL_FILE(path, "enrp/lake_256.png");
  const auto lake = [](SignalChoice choice) { return load_signal(named("enrp-lake"), choice, real_data_dirs(), 0); };
  const Signal whole = load_signal(own_dataset(path), {}, {}, 0);
  EXPECT_EQ(lake({.file = "lake", .size = 256}), whole);
  EXPECT_EQ(lake({.size = 256}), whole);
  EXPECT_NE(lake({.file = "lake_512.png", .size = 256}), whole);
  EXPECT_THAT(lake({}).shape, ElementsAre(512, 512));
}

TEST(RealSignals, FrontCenterIsAVoiceOf48kHz) {
  FRUGAL_REAL_FILE(path, "audio/Front_Center.wav");
  const Signal sound = load_signal(named("alsa-front-center"), {}, real_data_dirs(), 0);
  EXPECT_EQ(shape_of(sound), (SignalShape{.shape = {68'545}, .channels = 1, .bits = 16, .sample_rate = 48'000}));
}

}  // namespace
}  // namespace frugal::data
