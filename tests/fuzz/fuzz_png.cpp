// The PNG reader: signal_target.hpp. '0' before an input makes the rest the file; '1' puts the right checksum into each
// of its chunks first, as a mutation nearly always breaks one and nothing behind it would be reached.
#include <zlib.h>

#include "datasets/formats/png.hpp"
#include "tests/fuzz/signal_target.hpp"

namespace {

constexpr std::size_t signature_bytes = 8;
constexpr std::size_t chunk_overhead = 12;  // length, type and checksum, 4 bytes each, most significant first

std::string with_checksums(std::string_view input) {
  std::string file(input);
  auto* const bytes = reinterpret_cast<unsigned char*>(file.data());
  for (std::size_t at = signature_bytes; at + chunk_overhead <= file.size();) {
    const std::size_t length = std::size_t{bytes[at]} << 24 | std::size_t{bytes[at + 1]} << 16 |
                               std::size_t{bytes[at + 2]} << 8 | bytes[at + 3];
    if (length > file.size() - at - chunk_overhead) break;
    const unsigned long sum = crc32(0, bytes + at + 4, static_cast<unsigned int>(length + 4));
    for (std::size_t i = 0; i < 4; ++i) bytes[at + 8 + length + i] = static_cast<unsigned char>(sum >> (24 - 8 * i));
    at += length + chunk_overhead;
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = frugal::fuzz::bytes_of(data + 1, size - 1);
  frugal::fuzz::check_signal(data[0] == '1' ? with_checksums(input) : std::string(input), frugal::data::read_png,
                             frugal::data::png_shape);
  return 0;
}
