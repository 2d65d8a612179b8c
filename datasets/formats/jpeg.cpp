#include "datasets/formats/jpeg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
// libjpeg's headers need <cstdio>.
#include <jerror.h>
#include <jpeglib.h>

#include "datasets/formats/exif.hpp"
#include "datasets/formats/sample_limit.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

constexpr int exif_marker = JPEG_APP0 + 1;
constexpr unsigned longest_marker = 0xffff;
constexpr int most_scans = 100;  // encoders write ten; each costs a pass over the whole picture

/// libjpeg's errors leave by longjmp, so the complaint is kept here until it is safe to throw.
struct JpegErrors {
  jpeg_error_mgr base;  // first: libjpeg hands out a pointer to it
  std::jmp_buf escape;
  char complaint[JMSG_LENGTH_MAX];
};

extern "C" [[noreturn]] void keep_jpeg_error(j_common_ptr info) {
  auto& errors = *reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors.complaint);
  std::longjmp(errors.escape, 1);
}

/// libjpeg warns where it makes up pixels of a damaged file. Stray bytes between markers harm nobody.
extern "C" void take_jpeg_warning(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level >= 0 || code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM) return;
  keep_jpeg_error(info);
}

extern "C" void limit_jpeg_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= most_scans) return;
  auto& errors = *reinterpret_cast<JpegErrors*>(info->err);
  std::strncpy(errors.complaint, "it has more scans than any encoder writes", sizeof(errors.complaint) - 1);
  std::longjmp(errors.escape, 1);
}

/// libjpeg's reader with its buffers, released in any case. Between setjmp and longjmp only this struct is touched, so
/// no destructor is skipped.
struct JpegDecoder {
  explicit JpegDecoder(std::FILE* from) : file(from) {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = keep_jpeg_error;
    errors.base.emit_message = take_jpeg_warning;
    progress.progress_monitor = limit_jpeg_scans;
  }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }

  /// False on an error of libjpeg.
  bool begin() {
    if (setjmp(errors.escape)) return false;  // NOLINT(cert-err52-cpp): libjpeg's way
    jpeg_create_decompress(&info);
    info.progress = &progress;
    jpeg_stdio_src(&info, file);
    jpeg_save_markers(&info, exif_marker, longest_marker);
    jpeg_read_header(&info, TRUE);
    return true;
  }

  bool read_rows() {
    if (setjmp(errors.escape)) return false;  // NOLINT(cert-err52-cpp)
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = bytes.data() + stride * info.output_scanline;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    return true;
  }

  std::FILE* file;
  JpegErrors errors{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct info{};
  std::size_t stride = 0;
  std::vector<JSAMPLE> bytes;
};

/// libjpeg's writer with its buffers, to memory; as JpegDecoder.
struct JpegEncoder {
  JpegEncoder() {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = keep_jpeg_error;
  }
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;
  ~JpegEncoder() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }

  /// levels [height, width, channels]. False on an error of libjpeg.
  bool write(JSAMPLE* levels, int height, int width, int channels, int quality) {
    if (setjmp(errors.escape)) return false;  // NOLINT(cert-err52-cpp): libjpeg's way
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &bytes, &size);
    info.image_height = static_cast<JDIMENSION>(height);
    info.image_width = static_cast<JDIMENSION>(width);
    info.input_components = channels;
    info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    info.optimize_coding = TRUE;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
      JSAMPROW row = levels + static_cast<std::size_t>(info.next_scanline) * static_cast<std::size_t>(width * channels);
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
  }

  JpegErrors errors{};
  jpeg_compress_struct info{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
};

/// An opened JPEG whose header has been read.
class JpegFile {
 public:
  explicit JpegFile(const std::filesystem::path& path)
      : JpegFile{Place{path.string()}, open_file(path), std::filesystem::file_size(path)} {}

  JpegFile(Place place, FileHandle file, std::size_t size)
      : place_(std::move(place)), file_(std::move(file)), decoder_(std::make_unique<JpegDecoder>(file_.get())) {
    if (!decoder_->begin()) fail(decoder_->errors.complaint);
    jpeg_decompress_struct& info = decoder_->info;
    switch (info.jpeg_color_space) {
      case JCS_GRAYSCALE:
        info.out_color_space = JCS_GRAYSCALE;
        channels_ = 1;
        break;
      case JCS_RGB:
      case JCS_YCbCr:
        info.out_color_space = JCS_RGB;
        channels_ = 3;
        break;
      case JCS_CMYK:
      case JCS_YCCK:
        throw UserError(place_, "this JPEG holds inks (CMYK), whose colours depend on a printer: save it as RGB");
      default:
        fail("its colours are of no known kind");
    }
    const SignalShape shape = stored_shape();
    require_size(shape, place_);
    // A block of 64 pixels takes a bit at least, so a file that claims far more is cut off: before allocating.
    constexpr std::size_t most_pixels_a_byte = 1024;
    if (shape.samples() / most_pixels_a_byte > size) fail("the file is cut off");
    for (const jpeg_marker_struct* marker = info.marker_list; marker; marker = marker->next) {
      if (marker->marker != exif_marker || orientation_ != upright) continue;
      orientation_ = exif_orientation({reinterpret_cast<const char*>(marker->data), marker->data_length});
    }
  }

  int orientation() const { return orientation_; }

  SignalShape shape() const {
    SignalShape shape = stored_shape();
    if (lies_on_its_side(orientation_)) std::swap(shape.shape[0], shape.shape[1]);
    return shape;
  }

  Signal read() {
    const SignalShape stored = stored_shape();
    decoder_->stride = static_cast<std::size_t>(stored.shape[1]) * static_cast<std::size_t>(channels_);
    decoder_->bytes.resize(stored.samples() * static_cast<std::size_t>(channels_));
    if (!decoder_->read_rows()) fail(decoder_->errors.complaint);
    Signal picture{stored, {}};
    picture.values.reserve(decoder_->bytes.size());
    for (const JSAMPLE level : decoder_->bytes) picture.values.push_back(static_cast<float>(2 * (level / 255.0) - 1));
    return turned_upright(std::move(picture), orientation_);
  }

 private:
  SignalShape stored_shape() const {
    const auto side = [](JDIMENSION pixels) { return static_cast<int>(pixels); };  // at most 65500
    return {.shape = {side(decoder_->info.image_height), side(decoder_->info.image_width)},
            .channels = channels_,
            .bits = 8};
  }

  [[noreturn]] void fail(const std::string& why) const { throw UserError(place_, "cannot decode this JPEG: " + why); }

  Place place_;
  FileHandle file_;
  std::unique_ptr<JpegDecoder> decoder_;
  int channels_ = 0;
  int orientation_ = upright;
};

}  // namespace

SignalShape jpeg_shape(const std::filesystem::path& path) { return JpegFile(path).shape(); }

Signal read_jpeg(const std::filesystem::path& path) { return JpegFile(path).read(); }

JpegTrial through_jpeg(const Signal& picture, int quality) {
  assert(picture.shape.size() == 2 && picture.bits == 8 && (picture.channels == 1 || picture.channels == 3));
  std::vector<JSAMPLE> levels;
  levels.reserve(picture.values.size());
  for (const float value : picture.values)
    levels.push_back(static_cast<JSAMPLE>(std::lround((std::clamp(value, -1.F, 1.F) + 1) / 2 * 255)));
  const Place place{"a picture in memory"};
  JpegEncoder encoder;
  if (!encoder.write(levels.data(), picture.shape[0], picture.shape[1], picture.channels, quality))
    throw UserError(place, fmt::format("cannot be a JPEG: {}", encoder.errors.complaint));
  FileHandle file(::fmemopen(encoder.bytes, encoder.size, "rb"));
  return {encoder.size, JpegFile(place, std::move(file), encoder.size).read()};
}

std::string jpeg_treatment(const std::filesystem::path& path) {
  return JpegFile(path).orientation() == upright ? "" : "turned upright as its EXIF orientation says";
}

}  // namespace frugal::data
