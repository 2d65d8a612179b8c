#include "datasets/formats/jpeg.hpp"

#include <cstdio>
#include <cstdlib>
// libjpeg's header needs <cstdio>.
#include <jpeglib.h>

#include "datasets/formats/exif.hpp"
#include "datasets/formats/signal_file.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int height = 24;
constexpr int width = 40;

/// APP1 with one entry, the orientation, in either byte order.
std::string exif(int orientation, bool big_endian) {
  const auto number = [&](int value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * (big_endian ? bytes - 1 - i : i)));
    return text;
  };
  return std::string("Exif\0\0", 6) + (big_endian ? "MM" : "II") + number(42, 2) + number(8, 4) + number(1, 2) +
         number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + number(0, 2) + number(0, 4);
}

struct JpegOptions {
  J_COLOR_SPACE colours = JCS_RGB;
  bool progressive = false;
  std::string app1{};
};

/// A picture whose left upper quarter is bright.
std::string jpeg(const JpegOptions& options) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = width;
  info.image_height = height;
  info.in_color_space = options.colours;
  info.input_components = options.colours == JCS_GRAYSCALE ? 1 : options.colours == JCS_CMYK ? 4 : 3;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (!options.app1.empty())
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(options.app1.data()),
                      static_cast<unsigned>(options.app1.size()));
  for (int y = 0; y < height; ++y) {
    std::vector<JSAMPLE> row;
    for (int x = 0; x < width; ++x) {
      const bool bright = y < height / 2 && x < width / 2;
      for (int c = 0; c < info.input_components; ++c) row.push_back(bright ? 200 : 40);
    }
    JSAMPROW at = row.data();
    jpeg_write_scanlines(&info, &at, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return result;
}

TEST(ThroughJpeg, ABetterQualityIsCloserAndLarger) {
  for (const int channels : {1, 3}) {
    Signal picture{{.shape = {height, width}, .channels = channels, .bits = 8}, {}};
    for (int i = 0; i < height * width * channels; ++i)
      picture.values.push_back(static_cast<float>((i * i / 7) % 256) / 127.5F - 1);
    const auto error = [&](const JpegTrial& trial) {
      EXPECT_EQ(static_cast<const SignalShape&>(trial.picture), static_cast<const SignalShape&>(picture));
      double sum = 0;
      for (std::size_t i = 0; i < picture.values.size(); ++i)
        sum += std::abs(double{trial.picture.values.at(i)} - double{picture.values[i]});
      return sum;
    };
    const JpegTrial coarse = through_jpeg(picture, 10), fine = through_jpeg(picture, 95);
    EXPECT_GT(error(coarse), error(fine));
    EXPECT_LT(coarse.bytes, fine.bytes);
  }
}

class Jpeg : public WithFolder {
 protected:
  Signal read(const std::string& bytes) const {
    const auto path = write("p.jpg", bytes);
    Signal picture = read_jpeg(path);
    EXPECT_EQ(jpeg_shape(path), static_cast<const SignalShape&>(picture));
    return picture;
  }
  std::string complaint(const std::string& bytes) const {
    return user_error([&] { read_jpeg(write("p.jpg", bytes)); });
  }
};

/// Of the middle of each quarter: left upper, right upper, left lower, right lower.
std::vector<bool> bright_quarters(const Signal& picture) {
  std::vector<bool> bright;
  for (const int y : {1, 3})
    for (const int x : {1, 3}) {
      const int pixel = y * picture.shape[0] / 4 * picture.shape[1] + x * picture.shape[1] / 4;
      bright.push_back(picture.values[static_cast<std::size_t>(pixel * picture.channels)] > 0);
    }
  return bright;
}

TEST_F(Jpeg, BaselineAndProgressiveColourAndGreyAreRead) {
  for (const bool progressive : {false, true}) {
    for (const J_COLOR_SPACE colours : {JCS_RGB, JCS_GRAYSCALE}) {
      const Signal picture = read(jpeg({.colours = colours, .progressive = progressive}));
      EXPECT_THAT(picture.shape, ElementsAre(height, width));
      EXPECT_EQ(picture.channels, colours == JCS_RGB ? 3 : 1);
      EXPECT_EQ(picture.bits, 8);
      EXPECT_NEAR(picture.values.front(), 2 * 200 / 255.0 - 1, 0.02);
      EXPECT_NEAR(picture.values.back(), 2 * 40 / 255.0 - 1, 0.02);
    }
  }
}

TEST_F(Jpeg, IsTurnedUprightAsItsExifSays) {
  // Which quarter the left upper one is seen in, by orientation.
  const std::vector<std::vector<bool>> seen = {{true, false, false, false}, {false, true, false, false},
                                               {false, false, false, true}, {false, false, true, false},
                                               {true, false, false, false}, {false, true, false, false},
                                               {false, false, false, true}, {false, false, true, false}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      SCOPED_TRACE(::testing::Message() << orientation << (big_endian ? " MM" : " II"));
      const Signal picture = read(jpeg({.app1 = exif(orientation, big_endian)}));
      EXPECT_EQ(picture.shape[0], orientation < 5 ? height : width);
      EXPECT_EQ(bright_quarters(picture), seen[static_cast<std::size_t>(orientation - 1)]);
      EXPECT_EQ(jpeg_treatment(folder_ / "p.jpg"),
                orientation == 1 ? "" : "turned upright as its EXIF orientation says");
    }
  }
  EXPECT_EQ(file_content(folder_ / "p.jpg"), "24 x 40 RGB of 8 bits, turned upright as its EXIF orientation says");
}

TEST_F(Jpeg, EveryOrientationMovesEachPixelToItsPlace) {
  const Signal stored{{.shape = {2, 3}, .channels = 1}, {1, 2, 3, 4, 5, 6}};
  const std::vector<std::vector<float>> turned = {{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1},
                                                  {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                                  {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
  for (int orientation = 1; orientation <= 8; ++orientation)
    EXPECT_EQ(turned_upright(stored, orientation).values, turned[static_cast<std::size_t>(orientation - 1)])
        << orientation;
}

TEST_F(Jpeg, DamagedExifIsNoAdvice) {
  EXPECT_EQ(exif_orientation(exif(9, true)), upright);
  EXPECT_EQ(exif_orientation("Exif"), upright);
  const std::string whole = exif(6, false);
  for (std::size_t length = 0; length < 26; ++length) EXPECT_EQ(exif_orientation(whole.substr(0, length)), upright);
  std::string far = whole;
  far.replace(10, 4, "\xff\xff\xff\xff");  // where the directory lies
  EXPECT_EQ(exif_orientation(far), upright);
}

TEST_F(Jpeg, InksAreRefused) { EXPECT_THAT(complaint(jpeg({.colours = JCS_CMYK})), HasSubstr("CMYK")); }

TEST_F(Jpeg, DamagedFilesAreRefused) {
  for (const bool progressive : {false, true}) {
    const std::string whole = jpeg({.progressive = progressive});
    EXPECT_THAT(complaint(whole.substr(0, whole.size() / 2)), HasSubstr("p.jpg: cannot decode this JPEG: "));
    EXPECT_THAT(complaint(whole.substr(0, whole.size() - 4)), HasSubstr("cannot decode this JPEG: "));
    EXPECT_THAT(complaint(whole.substr(0, 30)), HasSubstr("cannot decode this JPEG: "));
  }
  EXPECT_THAT(complaint("no picture"), HasSubstr("cannot decode this JPEG: Not a JPEG"));
  EXPECT_THAT(user_error([&] { read_jpeg(folder_ / "none.jpg"); }), HasSubstr("cannot open"));
}

TEST_F(Jpeg, MoreSamplesThanThereAreBytesForAreRefusedFromTheHeader) {
  std::string bytes = jpeg({});
  const std::size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xff\x00\xff\x00", 4);  // height, width
  EXPECT_THAT(complaint(bytes), HasSubstr("samples, and at most 268435456 are read"));
  bytes.replace(frame + 5, 4, "\x20\x00\x20\x00", 4);
  EXPECT_THAT(complaint(bytes), HasSubstr("cut off"));
}

}  // namespace
}  // namespace frugal::data
