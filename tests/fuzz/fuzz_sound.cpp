// The reader of WAV, FLAC and OGG: signal_target.hpp.
#include "datasets/formats/sound.hpp"
#include "tests/fuzz/signal_target.hpp"

/// libsndfile 1.2 forgets what it asked libvorbis for when the headers of an OGG are damaged.
extern "C" const char* __lsan_default_suppressions() { return "leak:vorbis_\nleak:ogg_\n"; }  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  frugal::fuzz::check_signal(frugal::fuzz::bytes_of(data, size), frugal::data::read_audio, frugal::data::audio_shape);
  return 0;
}
