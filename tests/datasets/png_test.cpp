#include "datasets/formats/png.hpp"

#include <png.h>
#include <zlib.h>

#include <functional>
#include <map>

#include "datasets/synthetic/photo.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Signal picture(int height, int width, int channels, int bits, std::vector<float> values) {
  return {{.shape = {height, width}, .channels = channels, .bits = bits}, std::move(values)};
}

class Png : public WithFolder {
 protected:
  /// Rows as libpng wants them, for forms that encode_png does not make.
  std::filesystem::path encode(int width, int height, int depth, int color,
                               const std::vector<std::string>& rows) const {
    const std::filesystem::path path = folder_ / "encoded.png";
    std::FILE* file = std::fopen(path.c_str(), "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_check_for_invalid_index(png, 0);
    png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, color,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    const png_color palette[2] = {{255, 0, 0}, {0, 0, 255}};
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
    if (transparency_) transparency_(png, info);
    png_write_info(png, info);
    for (const std::string& row : rows) png_write_row(png, reinterpret_cast<png_const_bytep>(row.data()));
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    std::fclose(file);
    return path;
  }
  std::function<void(png_structp, png_infop)> transparency_;
  /// Written and read back.
  Signal round_trip(const Signal& signal) const { return read_png(write("p.png", encode_png(signal))); }
};

TEST_F(Png, EveryValueOfEveryDepthAndColourSurvivesARoundTrip) {
  for (const int channels : {1, 3}) {
    for (const int bits : {8, 16}) {
      SCOPED_TRACE(::testing::Message() << channels << " channels of " << bits << " bits");
      const int levels = 1 << bits;
      Signal signal = picture(levels / 256, 256, channels, bits, {});
      for (int i = 0; i < levels * channels; ++i) {
        signal.values.push_back(static_cast<float>(2 * (i % levels / (levels - 1.0)) - 1));
      }
      EXPECT_EQ(round_trip(signal), signal);
    }
  }
}

TEST_F(Png, OddSizesSurviveARoundTrip) {
  for (const auto& [height, width] : std::map<int, int>{{1, 1}, {7, 3}, {3, 7}, {1, 13}}) {
    Signal signal = picture(height, width, 3, 8, {});
    for (int i = 0; i < height * width * 3; ++i) {
      signal.values.push_back(static_cast<float>(2 * (i * 37 % 256 / 255.0) - 1));
    }
    EXPECT_EQ(round_trip(signal), signal);
  }
}

TEST_F(Png, WritingClipsAndRounds) {
  EXPECT_THAT(round_trip(picture(1, 3, 1, 8, {-7.0F, 3.0F, 0.001F})).values,
              Pointwise(FloatNear(1e-6F), {-1.0, 1.0, 2 * 128 / 255.0 - 1}));
  EXPECT_THAT(round_trip(picture(1, 2, 1, 16, {0.001F, std::nanf("")})).values,
              Pointwise(FloatNear(1e-6F), {2 * 32800 / 65535.0 - 1, -1.0}));
}

TEST_F(Png, SixteenBitsKeepTheirPrecision) {
  const Signal rgb = read_png(encode(1, 1, 16, PNG_COLOR_TYPE_RGB, {std::string("\x80\x01\x00\x01\xff\xff", 6)}));
  EXPECT_THAT(rgb.values, Pointwise(FloatNear(1e-7F), {2 * 32769 / 65535.0 - 1, 2 * 1 / 65535.0 - 1, 1.0}));
  EXPECT_EQ(rgb.bits, 16);
  const Signal grey = read_png(encode(2, 1, 16, PNG_COLOR_TYPE_GRAY, {std::string("\x80\x01\x80\x02", 4)}));
  EXPECT_THAT(grey.values, Pointwise(FloatNear(1e-7F), {2 * 32769 / 65535.0 - 1, 2 * 32770 / 65535.0 - 1}));
  EXPECT_EQ(grey.channels, 1);
}

TEST_F(Png, PaletteIsExpandedAndFewBitsToEight) {
  EXPECT_EQ(read_png(encode(2, 1, 1, PNG_COLOR_TYPE_PALETTE, {std::string("\x40", 1)})),
            picture(1, 2, 3, 8, {1, -1, -1, -1, -1, 1}));
  EXPECT_EQ(read_png(encode(2, 1, 1, PNG_COLOR_TYPE_GRAY, {std::string("\x40", 1)})), picture(1, 2, 1, 8, {-1, 1}));
}

TEST_F(Png, TransparencyIsLaidOverWhiteAndSaid) {
  const auto values_of = [](const std::filesystem::path& path) {
    EXPECT_EQ(png_treatment(path), "transparent parts over white");
    EXPECT_EQ(png_shape(path), static_cast<const SignalShape&>(read_png(path)));
    return read_png(path).values;
  };
  const auto of = [](double level) { return 2 * level / 255 - 1; };
  EXPECT_THAT(
      values_of(encode(2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {std::string("\xff\x00\x80\x00\x00\x80\xff\xff", 8)})),
      Pointwise(FloatNear(1e-6F), {1.0, 1.0, 1.0, -1.0, of(128), 1.0}));
  EXPECT_THAT(values_of(encode(2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {std::string("\x00\x40\x64\x80", 4)})),
              Pointwise(FloatNear(1e-6F), {of(191), of(177)}))  // 255 - 64; (100 * 128 + 255 * 127) / 255 = 177.2
      << "0 of opacity 64, 100 of opacity 128";
  EXPECT_THAT(values_of(encode(1, 1, 16, PNG_COLOR_TYPE_GRAY_ALPHA, {std::string("\x00\x00\x40\x00", 4)})),
              Pointwise(FloatNear(1e-6F), {2 * (65535 - 16384) / 65535.0 - 1}));
  png_byte opacities[] = {0, 128};
  transparency_ = [&](png_structp png, png_infop info) { png_set_tRNS(png, info, opacities, 2, nullptr); };
  EXPECT_THAT(values_of(encode(2, 1, 1, PNG_COLOR_TYPE_PALETTE, {std::string("\x40", 1)})),
              Pointwise(FloatNear(1e-6F), {1.0, 1.0, 1.0, of(127), of(127), 1.0}));
  png_color_16 white{};
  white.gray = 1;
  transparency_ = [&](png_structp png, png_infop info) { png_set_tRNS(png, info, nullptr, 0, &white); };
  EXPECT_THAT(values_of(encode(2, 1, 1, PNG_COLOR_TYPE_GRAY, {std::string("\x40", 1)})), ElementsAre(-1, 1));
  transparency_ = nullptr;
  EXPECT_EQ(png_treatment(encode(2, 1, 1, PNG_COLOR_TYPE_GRAY, {std::string("\x40", 1)})), "");
}

// Before libpng allocates anything of that size: a row of 2^28 pixels alone would take 268 MB and more.
TEST_F(Png, ClaimsThatTheFileCannotHoldAreRefusedFromTheHeader) {
  const std::string small = read_whole_file(encode(1, 1, 1, PNG_COLOR_TYPE_GRAY, {std::string("\x40", 1)}));
  const auto claiming = [&](const std::string& width_and_height) {
    std::string bytes = small;
    bytes.replace(16, 8, width_and_height);
    const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + 12), 17);
    for (std::size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
    return write("bomb.png", bytes);
  };
  EXPECT_THAT(user_error([&] { png_shape(claiming(std::string("\0\1\0\0\0\1\0\0", 8))); }),
              HasSubstr("65536 x 65536 = 4294967296 samples, and at most 268435456"));
  EXPECT_THAT(user_error([&] { png_shape(claiming(std::string("\x10\0\0\0\0\0\0\1", 8))); }), HasSubstr("cut off"));
}

TEST_F(Png, AnIndexBeyondThePaletteIsRefused) {
  EXPECT_THAT(user_error([&] { read_png(encode(2, 1, 8, PNG_COLOR_TYPE_PALETTE, {std::string("\x01\xc8", 2)})); }),
              HasSubstr("a pixel has colour 200 of a palette of 2"));
  EXPECT_THAT(user_error([&] { read_png(encode(2, 1, 2, PNG_COLOR_TYPE_PALETTE, {std::string("\x70", 1)})); }),
              HasSubstr("a pixel has colour 3 of a palette of 2"));
}

TEST_F(Png, AFewBitsAPixelMayShrinkFurtherThanEight) {
  const std::string blank(1024, '\0');
  for (const int color : {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_PALETTE}) {
    const auto path = encode(8192, 2048, 1, color, std::vector<std::string>(2048, blank));
    EXPECT_LT(std::filesystem::file_size(path), 8192u * 2048 / 1100);
    EXPECT_EQ(read_png(path).shape, (std::vector<int>{2048, 8192}));
  }
}

TEST_F(Png, ShapeNeedsTheHeaderOnly) {
  const std::string whole = encode_png(synthetic_photo(64, 1));
  const auto path = write("head.png", whole.substr(0, 100));
  EXPECT_EQ(png_shape(path), synthetic_photo_shape(64));
  EXPECT_THAT(user_error([&] { read_png(path); }), HasSubstr("cut off"));
}

TEST_F(Png, DamagedFilesAreRefused) {
  EXPECT_THAT(user_error([&] { read_png(write("a.png", "GIF89a, not this")); }), HasSubstr("not a PNG"));
  EXPECT_THAT(user_error([&] { read_png(folder_ / "none.png"); }), HasSubstr("cannot open"));
  const std::string whole = encode_png(synthetic_photo(32, 1));
  EXPECT_THAT(user_error([&] { read_png(write("b.png", whole.substr(0, 20))); }), HasSubstr("cut off"));
  EXPECT_THAT(user_error([&] { read_png(write("c.png", whole.substr(0, whole.size() / 2))); }), HasSubstr("cut off"));
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 0x55);
  EXPECT_THAT(user_error([&] { read_png(write("d.png", flipped)); }), HasSubstr("cannot decode"));
}

TEST_F(Png, HasOneOrThreeChannels) {
  EXPECT_THAT(user_error([] { encode_png(picture(1, 1, 2, 8, {0, 0})); }), HasSubstr("1 or 3 channels"));
}

}  // namespace
}  // namespace frugal::data
