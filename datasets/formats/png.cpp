// By libpng's own interface, with setjmp. Its simplified one (png_image) has none, but takes values for light: it gives
// 16 bits only as linear intensities, so that of a file that says sRGB, as ours do, 254 of 256 levels come out changed,
// and re-encodes 8 bits of a file with a gAMA chunk. Here a signal is the values as they are stored.
#include "datasets/formats/png.hpp"

#include <fmt/format.h>
#include <png.h>

#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>

#include "datasets/formats/clipped.hpp"
#include "datasets/formats/sample_limit.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

constexpr std::size_t signature_bytes = 8;

/// What libpng reads from, and its complaint: its errors leave by longjmp, so they are kept here until it is safe to
/// throw.
struct PngSource {
  std::FILE* file = nullptr;
  char complaint[128] = "damaged PNG";
};

extern "C" void read_png_bytes(png_structp png, png_bytep out, png_size_t count) {
  auto& source = *static_cast<PngSource*>(png_get_io_ptr(png));
  if (std::fread(out, 1, count, source.file) != count) png_error(png, "the file is cut off");
}

extern "C" [[noreturn]] void keep_png_error(png_structp png, png_const_charp message) {
  auto& complaint = static_cast<PngSource*>(png_get_error_ptr(png))->complaint;
  std::strncpy(complaint, message, sizeof(complaint) - 1);
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
    png_set_sig_bytes(png, signature_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // require_size() says it better
  }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;
  ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }

  /// What stands before the pixels. False on an error of libpng.
  bool read_header() {
    if (setjmp(png_jmpbuf(png))) return false;  // NOLINT(cert-err52-cpp): libpng's way
    png_read_info(png, info);
    return true;
  }

  /// Conversions to grey or RGB of 8 or 16 bits, with their opacity where the file has any, or to 8-bit indices into a
  /// palette: libpng would give an index beyond the palette in black. Allocates rows of the width that the header claims.
  /// False on an error of libpng.
  bool begin() {
    if (setjmp(png_jmpbuf(png))) return false;  // NOLINT(cert-err52-cpp)
    const png_byte color = png_get_color_type(png, info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_packing(png);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    const bool names_transparent_colours = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    if (names_transparent_colours && color != PNG_COLOR_TYPE_PALETTE) png_set_tRNS_to_alpha(png);
    has_transparency = names_transparent_colours || (color & PNG_COLOR_MASK_ALPHA) != 0;
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
  bool has_transparency = false;
  std::vector<png_byte> bytes;
  std::vector<png_bytep> rows;
};

/// A level of `most` that covers white with this opacity, also of `most`; rounded.
png_uint_32 over_white(png_uint_32 level, png_uint_32 opacity, png_uint_32 most) {
  return (level * opacity + most * (most - opacity) + most / 2) / most;  // of 16 bits: just below 2^32
}

/// An opened PNG whose header has been read.
class PngFile {
 public:
  explicit PngFile(const std::filesystem::path& path)
      : place_{path.string()}, file_(open_file(path)), source_{.file = file_.get()} {
    std::fseek(file_.get(), 0, SEEK_END);
    bytes_ = static_cast<std::size_t>(std::max(std::ftell(file_.get()), 0L));
    std::rewind(file_.get());
    png_byte signature[signature_bytes] = {};
    if (std::fread(signature, 1, signature_bytes, file_.get()) != signature_bytes ||
        png_sig_cmp(signature, 0, signature_bytes) != 0) {
      throw UserError(place_, "this is not a PNG file");
    }
    decoder_ = std::make_unique<PngDecoder>(source_);
    if (!decoder_->read_header()) fail(source_.complaint);
    require_size(shape(), place_);
    // Deflate cannot shrink below 1:1032, so a larger claim is a lie: refuse it before allocating.
    if (row_bytes() * shape().shape[0] / 1100 > bytes_) fail("the file is cut off");
    if (!decoder_->begin()) fail(source_.complaint);
  }

  bool has_transparency() const { return decoder_->has_transparency; }

  SignalShape shape() const {
    const auto side = [](png_uint_32 pixels) { return static_cast<int>(pixels); };  // below 2^31
    const bool grey = (png_get_color_type(decoder_->png, decoder_->info) & PNG_COLOR_MASK_COLOR) == 0;
    return {.shape = {side(png_get_image_height(decoder_->png, decoder_->info)),
                      side(png_get_image_width(decoder_->png, decoder_->info))},
            .channels = grey ? 1 : 3,
            .bits = png_get_bit_depth(decoder_->png, decoder_->info)};
  }

  Signal read() {
    decode();
    Signal picture{shape(), {}};
    picture.values.reserve(picture.samples() * static_cast<std::size_t>(picture.channels));
    if (png_get_color_type(decoder_->png, decoder_->info) == PNG_COLOR_TYPE_PALETTE)
      add_palette_values(picture.values);
    else
      add_values(picture);
    return picture;
  }

 private:
  /// Of the file, and after begin() of what is read of it.
  std::size_t row_bytes() const { return png_get_rowbytes(decoder_->png, decoder_->info); }

  /// Rows from top to bottom, 16-bit values with the high byte first.
  void decode() {
    const std::size_t stride = row_bytes();
    const std::size_t height = png_get_image_height(decoder_->png, decoder_->info);
    decoder_->bytes.resize(stride * height);
    for (std::size_t y = 0; y < height; ++y) decoder_->rows.push_back(decoder_->bytes.data() + y * stride);
    if (!decoder_->read_rows()) fail(source_.complaint);
  }

  void add_values(Signal& picture) const {
    const std::vector<png_byte>& bytes = decoder_->bytes;
    const bool deep = picture.bits == 16;
    const png_uint_32 most = deep ? 65535 : 255;
    const auto level = [&](std::size_t i) -> png_uint_32 {
      return deep ? bytes[2 * i] * 256U + bytes[2 * i + 1] : bytes[i];
    };
    const std::size_t stored = png_get_channels(decoder_->png, decoder_->info);
    const auto shown = static_cast<std::size_t>(picture.channels);  // the opacity comes last
    for (std::size_t first = 0; picture.values.size() < picture.samples() * shown; first += stored) {
      for (std::size_t i = first; i < first + shown; ++i) {
        const png_uint_32 value = stored > shown ? over_white(level(i), level(first + shown), most) : level(i);
        picture.values.push_back(static_cast<float>(2 * (value / static_cast<double>(most)) - 1));
      }
    }
  }

  void add_palette_values(std::vector<float>& values) const {
    png_colorp palette = nullptr;
    int size = 0;
    png_get_PLTE(decoder_->png, decoder_->info, &palette, &size);
    png_bytep opacities = nullptr;
    int transparent = 0;  // colours of the palette; those beyond are opaque
    if (has_transparency()) png_get_tRNS(decoder_->png, decoder_->info, &opacities, &transparent, nullptr);
    for (const png_byte index : decoder_->bytes) {
      if (index >= size) fail(fmt::format("a pixel has colour {} of a palette of {}", index, size));
      const png_uint_32 opacity = index < transparent ? opacities[index] : 255;
      for (const png_byte level : {palette[index].red, palette[index].green, palette[index].blue})
        values.push_back(static_cast<float>(2 * (over_white(level, opacity, 255) / 255.0) - 1));
    }
  }

  [[noreturn]] void fail(const std::string& why) const { throw UserError(place_, "cannot decode this PNG: " + why); }

  Place place_;
  FileHandle file_;
  std::size_t bytes_ = 0;
  PngSource source_;
  std::unique_ptr<PngDecoder> decoder_;
};

extern "C" void append_png_bytes(png_structp png, png_bytep bytes, png_size_t count) {
  auto& encoded = *static_cast<std::string*>(png_get_io_ptr(png));
  encoded.append(reinterpret_cast<const char*>(bytes), count);
}

extern "C" void flush_nothing(png_structp) {}

struct PngEncoder {
  explicit PngEncoder(PngSource& complaints)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &complaints, keep_png_error, ignore_png_warning)),
        info(png ? png_create_info_struct(png) : nullptr) {
    if (!info) throw std::bad_alloc();
    png_set_write_fn(png, &encoded, append_png_bytes, flush_nothing);
  }
  PngEncoder(const PngEncoder&) = delete;
  PngEncoder& operator=(const PngEncoder&) = delete;
  ~PngEncoder() { png_destroy_write_struct(&png, &info); }

  bool write(png_uint_32 height, png_uint_32 width, int color, int bits) {
    if (setjmp(png_jmpbuf(png))) return false;  // NOLINT(cert-err52-cpp)
    png_set_IHDR(png, info, width, height, bits, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_rows(png, info, rows.data());
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
    return true;
  }

  png_structp png;
  png_infop info;
  std::vector<png_byte> bytes;
  std::vector<png_bytep> rows;
  std::string encoded;
};

}  // namespace

SignalShape png_shape(const std::filesystem::path& path) { return PngFile(path).shape(); }

Signal read_png(const std::filesystem::path& path) { return PngFile(path).read(); }

std::string png_treatment(const std::filesystem::path& path) {
  return PngFile(path).has_transparency() ? "transparent parts over white" : "";
}

std::string encode_png(const Signal& picture) {
  if (picture.channels != 1 && picture.channels != 3) throw UserError("a PNG has 1 or 3 channels here");
  const bool deep = picture.bits == 16;
  const double highest = deep ? 65535 : 255;
  PngSource complaints;
  PngEncoder encoder(complaints);
  encoder.bytes.reserve(picture.values.size() * (deep ? 2 : 1));
  for (const float value : picture.values) {
    const long level = std::lround((clipped(value) + 1) / 2 * highest);
    if (deep) encoder.bytes.push_back(static_cast<png_byte>(level >> 8));
    encoder.bytes.push_back(static_cast<png_byte>(level & 255));
  }
  const auto height = static_cast<std::size_t>(picture.shape.at(0));
  for (std::size_t y = 0; y < height; ++y) {
    encoder.rows.push_back(encoder.bytes.data() + y * (encoder.bytes.size() / height));
  }
  if (!encoder.write(static_cast<png_uint_32>(height), static_cast<png_uint_32>(picture.shape.at(1)),
                     picture.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, deep ? 16 : 8)) {
    throw UserError(std::string("cannot encode this picture: ") + complaints.complaint);
  }
  return std::move(encoder.encoded);
}

}  // namespace frugal::data
