#include "datasets/formats/signal_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>

#include "datasets/formats/jpeg.hpp"
#include "datasets/formats/npy.hpp"
#include "datasets/formats/png.hpp"
#include "datasets/formats/sound.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

std::string encode(const Signal& signal) {
  switch (signal.shape.size()) {
    case 1:
      return encode_wav(signal);
    case 2:
      return encode_png(signal);
    default:
      return encode_npy(signal);
  }
}

std::string treatment_of(const std::filesystem::path& path, SignalFormat format) {
  if (format == SignalFormat::png) return png_treatment(path);
  return format == SignalFormat::jpeg ? jpeg_treatment(path) : "";
}

}  // namespace

std::optional<SignalFormat> known_format(const std::filesystem::path& path) {
  const std::string head = read_file_start(path, 12);
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return SignalFormat::png;
  if (head.starts_with("\xff\xd8\xff")) return SignalFormat::jpeg;
  if (head.starts_with("fLaC") || head.starts_with("OggS") || (head.size() == 12 && head.ends_with("WAVE")))
    return SignalFormat::sound;
  if (head.starts_with("\x93NUMPY")) return SignalFormat::npy;
  return std::nullopt;
}

SignalFormat signal_format(const std::filesystem::path& path) {
  if (const auto format = known_format(path)) return *format;
  throw UserError({path.string()}, why_no_signal());
}

std::string why_no_signal() {
  return "this is no signal: neither a PNG, nor a WAV, nor a JPEG, FLAC, OGG or NumPy .npy file";
}

Signal read_signal(const std::filesystem::path& path, SignalFormat format) {
  switch (format) {
    case SignalFormat::png:
      return read_png(path);
    case SignalFormat::jpeg:
      return read_jpeg(path);
    case SignalFormat::sound:
      return read_audio(path);
    case SignalFormat::npy:
      break;
  }
  return read_volume(path);
}

SignalShape shape_of_file(const std::filesystem::path& path, SignalFormat format) {
  switch (format) {
    case SignalFormat::png:
      return png_shape(path);
    case SignalFormat::jpeg:
      return jpeg_shape(path);
    case SignalFormat::sound:
      return audio_shape(path);
    case SignalFormat::npy:
      break;
  }
  return volume_shape(path);
}

std::string file_content(const std::filesystem::path& path) {
  const SignalFormat format = signal_format(path);
  const SignalShape shape = shape_of_file(path, format);
  std::string text;
  if (format == SignalFormat::sound) {
    text = fmt::format("{} samples at {} Hz", shape.shape[0], shape.sample_rate);
    if (shape.channels > 1) text += fmt::format(", {} channels", shape.channels);
  } else if (format == SignalFormat::npy) {
    text = fmt::format("{}{}", fmt::join(shape.shape, " x "),
                       shape.channels > 1 ? fmt::format(", {} channels", shape.channels) : "");
  } else {
    text = fmt::format("{} x {} {}", shape.shape[1], shape.shape[0], shape.channels == 3 ? "RGB" : "grey");
  }
  text += fmt::format(" of {} bits", shape.bits);
  if (const std::string treatment = treatment_of(path, format); !treatment.empty()) text += ", " + treatment;
  return text;
}

std::string_view ending_for(const SignalShape& shape) {
  switch (shape.shape.size()) {
    case 1:
      return ".wav";
    case 2:
      return ".png";
    case 3:
      return ".npy";
    default:
      throw UserError(fmt::format("a signal of {} dimensions has no file format here", shape.shape.size()));
  }
}

std::filesystem::path write_signal(const std::filesystem::path& stem, const Signal& signal) {
  assert(signal.values.size() == signal.samples() * static_cast<std::size_t>(signal.channels));
  std::filesystem::path path = stem;
  path += ending_for(signal);
  write_whole_file(path, encode(signal));
  return path;
}

}  // namespace frugal::data
