#include "datasets/image.hpp"

#include <png.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/synthetic/photo.hpp"
#include "datasets/whole_file.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

class Png : public WithFolder {
 protected:
  /// Rows as libpng wants them, for forms that write_png does not make.
  std::filesystem::path encode(int width, int height, int depth, int color,
                               const std::vector<std::string>& rows) const {
    const std::filesystem::path path = folder_ / "encoded.png";
    std::FILE* file = std::fopen(path.c_str(), "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, color,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    const png_color palette[2] = {{255, 0, 0}, {0, 0, 255}};
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
    png_write_info(png, info);
    for (const std::string& row : rows) png_write_row(png, reinterpret_cast<png_const_bytep>(row.data()));
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    std::fclose(file);
    return path;
  }
};

TEST_F(Png, RoundTripKeepsEveryByteValue) {
  Image image{.height = 2, .width = 128, .channels = 3, .values = {}};
  for (int i = 0; i < 2 * 128 * 3; ++i) image.values.push_back(static_cast<float>(2 * (i % 256 / 255.0) - 1));
  const auto path = folder_ / "p.png";
  write_png(path, image);
  const Image back = read_png(path);
  EXPECT_EQ(back.height, 2);
  EXPECT_EQ(back.width, 128);
  EXPECT_EQ(back.values, image.values);
}

TEST_F(Png, WritingClipsAndRounds) {
  const auto path = folder_ / "p.png";
  write_png(path, {.height = 1, .width = 1, .channels = 3, .values = {-7.0F, 3.0F, 0.001F}});
  EXPECT_THAT(read_png(path).values, Pointwise(FloatNear(1e-6F), {-1.0, 1.0, 2 * 128 / 255.0 - 1}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "a temporary file was left";
}

TEST_F(Png, GreyBecomesRgb) {
  const auto path = folder_ / "g.png";
  write_png(path, {.height = 1, .width = 2, .channels = 1, .values = {-1.0F, 1.0F}});
  EXPECT_THAT(read_png(path).values, ElementsAre(-1, -1, -1, 1, 1, 1));
}

TEST_F(Png, SixteenBitsKeepTheirPrecision) {
  const Image image = read_png(encode(1, 1, 16, PNG_COLOR_TYPE_RGB, {std::string("\x80\x01\x00\x01\xff\xff", 6)}));
  EXPECT_THAT(image.values, Pointwise(FloatNear(1e-7F), {2 * 32769 / 65535.0 - 1, 2 * 1 / 65535.0 - 1, 1.0}));
}

TEST_F(Png, PaletteIsExpandedAndAlphaIsDropped) {
  EXPECT_THAT(read_png(encode(2, 1, 1, PNG_COLOR_TYPE_PALETTE, {std::string("\x40", 1)})).values,
              ElementsAre(1, -1, -1, -1, -1, 1));
  EXPECT_THAT(read_png(encode(1, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {std::string("\xff\x00\xff\x01", 4)})).values,
              ElementsAre(1, -1, 1));
  EXPECT_THAT(read_png(encode(2, 1, 1, PNG_COLOR_TYPE_GRAY, {std::string("\x40", 1)})).values,
              ElementsAre(-1, -1, -1, 1, 1, 1));
}

TEST_F(Png, DamagedFilesAreRefused) {
  EXPECT_THAT(user_error([&] { read_png(write("a.png", "GIF89a, not this")); }), HasSubstr("not a PNG"));
  const auto path = folder_ / "p.png";
  write_png(path, synthetic_photo(32, 1));
  const std::string whole = read_whole_file(path);
  EXPECT_THAT(user_error([&] { read_png(write("b.png", whole.substr(0, 20))); }), HasSubstr("cut off"));
  EXPECT_THAT(user_error([&] { read_png(write("c.png", whole.substr(0, whole.size() / 2))); }), HasSubstr("cut off"));
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 0x55);
  EXPECT_THAT(user_error([&] { read_png(write("d.png", flipped)); }), HasSubstr("cannot decode"));
}

TEST(Resize, SameSizeIsTheIdentity) {
  const Image image = synthetic_photo(16, 2);
  EXPECT_EQ(resize(image, 16).values, image.values);
}

// Halving has support 2: output 0 sits at 1.0 and sees inputs 0, 1, 2 (centres 0.5, 1.5, 2.5) with weights
// 0.75, 0.75, 0.25 over 1.75; output 1 is its mirror image.
TEST(Resize, FourToTwoMatchesHandComputedTriangleWeights) {
  Image image{.height = 4, .width = 4, .channels = 1, .values = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}};
  EXPECT_THAT(resize(image, 2).values, Pointwise(FloatNear(1e-7F), {3 / 7.0, 0.0, 3 / 7.0, 0.0}));
  image.values = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0};
  EXPECT_THAT(resize(image, 2).values, Pointwise(FloatNear(1e-7F), {1 / 7.0, 1 / 7.0, 3 / 7.0, 3 / 7.0}));
}

// Doubling has support 1: output centres at 0.25, 0.75, 1.25, 1.75 between inputs at 0.5 and 1.5.
TEST(Resize, TwoToFourInterpolatesLinearly) {
  const Image image{.height = 2, .width = 2, .channels = 1, .values = {0, 1, 0, 1}};
  const Image large = resize(image, 4);
  EXPECT_THAT(std::vector<float>(large.values.begin(), large.values.begin() + 4),
              Pointwise(FloatNear(1e-7F), {0.0, 0.25, 0.75, 1.0}));
}

TEST(Resize, ConstantStaysConstantAtOddSizes) {
  Image image{.height = 37, .width = 11, .channels = 3, .values = std::vector<float>(37 * 11 * 3, 0.625F)};
  for (const float value : resize(image, 13).values) EXPECT_FLOAT_EQ(value, 0.625F);
}

TEST(SyntheticPhoto, IsDeterministicAndDependsOnTheSeed) {
  EXPECT_EQ(synthetic_photo(24, 5).values, synthetic_photo(24, 5).values);
  EXPECT_NE(synthetic_photo(24, 5).values, synthetic_photo(24, 6).values);
}

TEST(SyntheticPhoto, LargerSizesShowTheSameScene) {
  const Image small = synthetic_photo(32, 5);
  const Image large = resize(synthetic_photo(128, 5), 32);
  double difference = 0;
  double spread = 0;
  for (std::size_t i = 0; i < small.values.size(); ++i) {
    difference += std::pow(small.values[i] - large.values[i], 2);
    spread += std::pow(small.values[i], 2);
  }
  EXPECT_LT(difference, 0.1 * spread);
}

TEST(SyntheticPhoto, HasDetailAtEveryScale) {
  // What halving loses, level by level: an empty level would make the picture too easy.
  Image image = synthetic_photo(128, 7);
  for (int size = 64; size >= 8; size /= 2) {
    const Image half = resize(image, size);
    const Image back = resize(half, 2 * size);
    double lost = 0;
    for (std::size_t i = 0; i < image.values.size(); ++i) lost += std::pow(image.values[i] - back.values[i], 2);
    EXPECT_GT(lost / static_cast<double>(image.values.size()), 1e-3) << "at size " << size;
    image = half;
  }
}

TEST(LoadImage, GivesASquareOfTheSizeAskedFor) {
  const Image image = load_image({{"name", "synthetic-photo"}}, "ignored", 20, {}, 1);
  EXPECT_EQ(image.height, 20);
  EXPECT_EQ(image.width, 20);
  EXPECT_EQ(image.values.size(), 20u * 20 * 3);
}

TEST(LoadImage, MissingFileSaysHowToGetIt) {
  try {
    load_image({{"name", "astronaut"}}, "", 64, {"/nonexistent"}, 0);
    FAIL() << "found a picture in a folder that does not exist";
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr("frugal data fetch astronaut"));
  }
  EXPECT_THAT(user_error([] { load_image({{"name", "enrp-lake"}}, "sea", 64, {}, 0); }), HasSubstr("lake_128.png"));
  EXPECT_THAT(user_error([] { load_image({{"name", "ml-100k"}}, "", 64, {}, 0); }), HasSubstr("holds no image"));
}

TEST(RealImages, LakeOfTheRightSizeIsChosen) {
  FRUGAL_REAL_FILE(path, "enrp/lake_256.png");
  EXPECT_EQ(load_image({{"name", "enrp-lake"}}, "lake", 256, real_data_dirs(), 0).values, read_png(path).values);
  EXPECT_EQ(load_image({{"name", "enrp-lake"}}, "", 256, real_data_dirs(), 0).values, read_png(path).values);
  EXPECT_NE(load_image({{"name", "enrp-lake"}}, "lake_512.png", 256, real_data_dirs(), 0).values,
            read_png(path).values);
}

}  // namespace
}  // namespace frugal::data
