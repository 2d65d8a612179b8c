// The JPEG reader, EXIF included: signal_target.hpp.
#include "datasets/formats/jpeg.hpp"
#include "tests/fuzz/signal_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  frugal::fuzz::check_signal(frugal::fuzz::bytes_of(data, size), frugal::data::read_jpeg, frugal::data::jpeg_shape);
  return 0;
}
