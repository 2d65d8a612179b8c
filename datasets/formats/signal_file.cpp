#include "datasets/formats/signal_file.hpp"

#include <fmt/format.h>

#include <cassert>

#include "datasets/formats/npy.hpp"
#include "datasets/formats/png.hpp"
#include "datasets/formats/wav.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {

SignalFormat signal_format(const std::filesystem::path& path) {
  const std::string head = read_file_start(path, 12);
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return SignalFormat::png;
  if (head.size() == 12 && head.ends_with("WAVE")) return SignalFormat::wav;
  if (head.starts_with("\x93NUMPY")) return SignalFormat::npy;
  throw UserError({path.string()}, "this is no signal: neither a PNG, nor a WAV, nor a NumPy .npy file");
}

Signal read_signal(const std::filesystem::path& path, SignalFormat format) {
  switch (format) {
    case SignalFormat::png:
      return read_picture(path);
    case SignalFormat::wav:
      return read_audio(path);
    case SignalFormat::npy:
      break;
  }
  return read_volume(path);
}

SignalShape shape_of_file(const std::filesystem::path& path, SignalFormat format) {
  switch (format) {
    case SignalFormat::png:
      return picture_shape(path);
    case SignalFormat::wav:
      return audio_shape(path);
    case SignalFormat::npy:
      break;
  }
  return volume_shape(path);
}

std::filesystem::path write_signal(const std::filesystem::path& stem, const Signal& signal) {
  assert(signal.values.size() == signal.samples() * static_cast<std::size_t>(signal.channels));
  const std::size_t dimensions = signal.shape.size();
  if (dimensions < 1 || dimensions > 3) {
    throw UserError(fmt::format("a signal of {} dimensions has no file format here", dimensions));
  }
  std::filesystem::path path = stem;
  path += dimensions == 1 ? ".wav" : dimensions == 2 ? ".png" : ".npy";
  write_whole_file(path, dimensions == 1   ? encode_wav(signal)
                         : dimensions == 2 ? encode_png(signal)
                                           : encode_npy(signal));
  return path;
}

}  // namespace frugal::data
