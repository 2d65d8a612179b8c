// The reader of WAV, FLAC and OGG: signal_target.hpp.
#include "datasets/formats/sound.hpp"
#include "tests/fuzz/signal_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  frugal::fuzz::check_signal(frugal::fuzz::bytes_of(data, size), frugal::data::read_audio, frugal::data::audio_shape);
  return 0;
}
