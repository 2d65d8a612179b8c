#include <png.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstring>

#include "datasets/image.hpp"
#include "datasets/whole_file.hpp"
#include "impl/common/error.hpp"

namespace frugal::data {
namespace {

constexpr png_uint_32 largest_side = 1U << 15;

/// What libpng reads from, and its complaint: its errors leave by longjmp, so they are kept here until it is safe to
/// throw.
struct PngSource {
  std::string bytes;
  std::size_t at = 0;
  char complaint[128] = "damaged PNG";
};

extern "C" void read_png_bytes(png_structp png, png_bytep out, png_size_t count) {
  auto& source = *static_cast<PngSource*>(png_get_io_ptr(png));
  if (source.bytes.size() - source.at < count) png_error(png, "the file is cut off");
  std::memcpy(out, source.bytes.data() + source.at, count);
  source.at += count;
}

extern "C" [[noreturn]] void keep_png_error(png_structp png, png_const_charp message) {
  auto& source = *static_cast<PngSource*>(png_get_error_ptr(png));
  std::strncpy(source.complaint, message, sizeof(source.complaint) - 1);
  png_longjmp(png, 1);
}

extern "C" void ignore_png_warning(png_structp, png_const_charp) {}

/// A libpng reader with its buffers, released in any case. Between setjmp and longjmp only this struct is touched, so
/// no destructor is skipped.
struct PngDecoder {
  explicit PngDecoder(PngSource& from)
      : source(from),
        png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &from, keep_png_error, ignore_png_warning)),
        info(png ? png_create_info_struct(png) : nullptr) {
    if (!info) throw std::bad_alloc();
    png_set_read_fn(png, &source, read_png_bytes);
    png_set_user_limits(png, largest_side, largest_side);
  }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;
  ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }

  /// Header and conversions to RGB of 8 or 16 bits. False on an error of libpng.
  bool begin() {
    if (setjmp(png_jmpbuf(png))) return false;  // NOLINT(cert-err52-cpp): libpng's way
    png_read_info(png, info);
    const png_byte color = png_get_color_type(png, info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }

  bool read_rows() {
    if (setjmp(png_jmpbuf(png))) return false;  // NOLINT(cert-err52-cpp)
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
    return true;
  }

  PngSource& source;
  png_structp png;
  png_infop info;
  std::vector<png_byte> bytes;
  std::vector<png_bytep> rows;
};

}  // namespace

Image read_png(const std::filesystem::path& path) {
  PngSource source{.bytes = read_whole_file(path)};
  const Place place{path.string()};
  if (source.bytes.size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(source.bytes.data()), 0, 8) != 0) {
    throw UserError(place, "this is not a PNG file");
  }
  PngDecoder decoder(source);
  if (!decoder.begin()) throw UserError(place, std::string("cannot decode this PNG: ") + source.complaint);
  const std::size_t height = png_get_image_height(decoder.png, decoder.info);
  const std::size_t width = png_get_image_width(decoder.png, decoder.info);
  const std::size_t stride = png_get_rowbytes(decoder.png, decoder.info);
  const bool deep = png_get_bit_depth(decoder.png, decoder.info) == 16;
  // Deflate cannot shrink below 1:1032, so a larger claim is a lie: refuse it before allocating.
  if (stride * height / 1100 > source.bytes.size())
    throw UserError(place, "cannot decode this PNG: the file is cut off");
  decoder.bytes.resize(stride * height);
  for (std::size_t y = 0; y < height; ++y) decoder.rows.push_back(decoder.bytes.data() + y * stride);
  if (!decoder.read_rows()) throw UserError(place, std::string("cannot decode this PNG: ") + source.complaint);

  Image image{.height = static_cast<int>(height), .width = static_cast<int>(width), .channels = 3, .values = {}};
  image.values.resize(height * width * 3);
  for (std::size_t i = 0; i < image.values.size(); ++i) {
    const double value = deep ? (decoder.bytes[2 * i] * 256 + decoder.bytes[2 * i + 1]) / 65535.0  // big-endian
                              : decoder.bytes[i] / 255.0;
    image.values[i] = static_cast<float>(2 * value - 1);
  }
  return image;
}

void write_png(const std::filesystem::path& path, const Image& image) {
  if (image.channels != 1 && image.channels != 3) throw UserError("a PNG has 1 or 3 channels here");
  std::vector<png_byte> bytes(image.values.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const float clipped = std::clamp(image.values[i], -1.0F, 1.0F);  // NaN stays NaN: written as black
    bytes[i] = clipped >= -1 ? static_cast<png_byte>(std::lround((clipped + 1) * 127.5F)) : png_byte{0};
  }
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string encoded(size, '\0');
  if (!png_image_write_to_memory(&header, encoded.data(), &size, 0, bytes.data(), 0, nullptr)) {
    throw UserError({path.string()}, std::string("cannot encode this picture: ") + header.message);
  }
  encoded.resize(size);
  write_whole_file(path, encoded);
}

}  // namespace frugal::data
