#include "datasets/formats/sound.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <map>
#include <memory>

#include "datasets/formats/clipped.hpp"
#include "datasets/formats/sample_limit.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

using SoundHandle = std::unique_ptr<SNDFILE, int (*)(SNDFILE*)>;

/// The bits of the sample formats that are read. Lossy ones inside a WAV (A-law, ADPCM and so on) are not.
int bits_of_format(int format, const char* container, const Place& place) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_PCM_S8:
      return 8;
    case SF_FORMAT_PCM_16:
    case SF_FORMAT_VORBIS:  // they decode to floats, made from 16 bits as a rule
    case SF_FORMAT_OPUS:
      return 16;
    case SF_FORMAT_PCM_24:
      return 24;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
      return 32;
    case SF_FORMAT_DOUBLE:
      return 64;
    default:
      throw UserError(place, fmt::format("this {} holds no PCM of 8, 16, 24 or 32 bits, no float of 32 or 64 bits, no "
                                         "Vorbis and no Opus",
                                         container));
  }
}

std::uint32_t little_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

[[noreturn]] void fail_cut_off(const char* container, const Place& place) {
  throw UserError(place, fmt::format("cannot decode this {}: the file is cut off", container));
}

constexpr std::size_t riff_head = 12;  // "RIFF", the length of all that follows, "WAVE"
constexpr std::size_t chunk_head = 8;  // a name of four letters, the length of what follows

/// libsndfile reads what there is of a file that was cut off; here that is an error. Writers that stream leave the
/// length of the whole at 0 or all ones: then that of the samples says nothing either. What comes before these must fit in
/// any case: libsndfile takes seconds to read a chunk of a gigabyte that is not there.
void require_whole_wav(const std::filesystem::path& path, const Place& place) {
  const FileHandle file = open_file(path);
  std::array<char, riff_head> riff{};
  read_piece(file.get(), riff.data(), riff.size(), path);
  const std::uint32_t length = little_endian(riff.data() + 4);
  const bool streamed = length == 0 || length == std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t padding = 1;  // the last chunk's, which some writers count but leave out
  const std::uint64_t available = std::filesystem::file_size(path) + padding;
  const auto require = [&](std::uint64_t end) {
    if (end > available) fail_cut_off("WAV", place);
  };
  if (!streamed) require(std::uint64_t{length} + chunk_head);
  std::array<char, chunk_head> chunk{};
  for (std::uint64_t at = riff_head; read_piece(file.get(), chunk.data(), chunk.size(), path) == chunk.size();) {
    const std::uint32_t size = little_endian(chunk.data() + 4);
    const bool samples = std::string_view(chunk.data(), 4) == "data";
    if (samples && streamed) return;
    at += chunk_head + std::uint64_t{size};
    require(at);
    if (samples) return;
    at += at % 2;  // chunks begin at even places
    if (std::fseek(file.get(), static_cast<long>(at), SEEK_SET) != 0) return;
  }
}

/// The last page of an Ogg stream says that it is the last: a head of 27 bytes, flags at 5, the number of segments at
/// 26, their lengths, the segments (RFC 3533, section 6).
void require_whole_ogg(const std::filesystem::path& path, const Place& place) {
  constexpr std::uintmax_t longest_page = 65307;
  constexpr std::size_t head_bytes = 27;
  constexpr char last_page = 4;
  const FileHandle file = open_file(path);
  const std::uintmax_t size = std::filesystem::file_size(path);
  std::fseek(file.get(), static_cast<long>(size - std::min(size, longest_page)), SEEK_SET);
  std::string tail(longest_page, '\0');
  tail.resize(read_piece(file.get(), tail.data(), tail.size(), path));
  const std::size_t begin = tail.rfind("OggS");
  const std::string_view page = begin == std::string::npos ? "" : std::string_view(tail).substr(begin);
  if (page.size() < head_bytes || (page[5] & last_page) == 0) fail_cut_off("OGG", place);
  const std::string_view lengths = page.substr(head_bytes, static_cast<unsigned char>(page[26]));
  std::size_t end = head_bytes + lengths.size();
  for (const char length : lengths) end += static_cast<unsigned char>(length);
  if (end > page.size()) fail_cut_off("OGG", place);
}

/// "WAV", "FLAC" or "OGG", of the file's first bytes; null for others.
const char* container_of(std::string_view head) {
  if (head.size() >= riff_head && (head.starts_with("RIFF") || head.starts_with("RF64")) &&
      head.substr(8).starts_with("WAVE"))
    return "WAV";
  if (head.starts_with("fLaC")) return "FLAC";
  return head.starts_with("OggS") ? "OGG" : nullptr;
}

/// An opened sound whose header has been read.
struct SoundFile {
  explicit SoundFile(const std::filesystem::path& path)
      : place{path.string()}, container(container_of(read_file_start(path, riff_head))) {
    if (!container) throw UserError(place, "this is not a WAV, FLAC or OGG file");
    if (std::string_view(container) == "WAV") require_whole_wav(path, place);
    if (std::string_view(container) == "OGG") require_whole_ogg(path, place);
    SF_INFO info{};
    sound.reset(sf_open(path.c_str(), SFM_READ, &info));
    if (!sound) throw UserError(place, fmt::format("cannot decode this {}: {}", container, sf_strerror(nullptr)));
    if (info.frames < 1) throw UserError(place, fmt::format("this {} holds no samples", container));
    if (info.frames > std::numeric_limits<int>::max())
      throw UserError(place, fmt::format("this {} is too long, or does not say how long it is", container));
    shape = {.shape = {static_cast<int>(info.frames)},
             .channels = info.channels,
             .bits = bits_of_format(info.format, container, place),
             .sample_rate = info.samplerate};
    require_size(shape, place);
    const int encoding = info.format & SF_FORMAT_SUBMASK;
    is_lossy = encoding == SF_FORMAT_VORBIS || encoding == SF_FORMAT_OPUS;
  }

  Place place;
  const char* container;
  SoundHandle sound{nullptr, &sf_close};
  SignalShape shape;
  bool is_lossy = false;
};

/// A file that is written to memory.
struct MemorySound {
  std::string bytes;
  std::size_t at = 0;

  static sf_count_t length(void* self) { return static_cast<sf_count_t>(of(self).bytes.size()); }
  static sf_count_t tell(void* self) { return static_cast<sf_count_t>(of(self).at); }
  static sf_count_t seek(sf_count_t offset, int whence, void* self) {
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? tell(self) : length(self);
    of(self).at = static_cast<std::size_t>(from + offset);
    return from + offset;
  }
  static sf_count_t read(void* to, sf_count_t count, void* self) {
    MemorySound& file = of(self);
    const std::size_t got = file.bytes.copy(static_cast<char*>(to), static_cast<std::size_t>(count), file.at);
    file.at += got;
    return static_cast<sf_count_t>(got);
  }
  static sf_count_t write(const void* from, sf_count_t count, void* self) {
    MemorySound& file = of(self);
    const auto size = static_cast<std::size_t>(count);
    file.bytes.resize(std::max(file.bytes.size(), file.at + size));
    std::memcpy(file.bytes.data() + file.at, from, size);
    file.at += size;
    return count;
  }

 private:
  static MemorySound& of(void* self) { return *static_cast<MemorySound*>(self); }
};

sf_count_t write_floats(SNDFILE* sound, const Signal& signal) {
  sf_command(sound, SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);  // it holds the time of writing
  std::vector<float> values;
  for (const float value : signal.values) values.push_back(static_cast<float>(clipped(value)));
  return sf_write_float(sound, values.data(), static_cast<sf_count_t>(values.size()));
}

/// libsndfile takes integers of any width from the top bits of 32.
sf_count_t write_integers(SNDFILE* sound, const Signal& signal) {
  const double scale = std::ldexp(1.0, signal.bits - 1);
  std::vector<int> levels;
  for (const float value : signal.values) {
    const double level = std::min(std::round(clipped(value) * scale), scale - 1);
    levels.push_back(static_cast<int>(level) * (1 << (32 - signal.bits)));
  }
  return sf_write_int(sound, levels.data(), static_cast<sf_count_t>(levels.size()));
}

}  // namespace

SignalShape audio_shape(const std::filesystem::path& path) { return SoundFile(path).shape; }

Signal read_audio(const std::filesystem::path& path) {
  const SoundFile file(path);
  Signal sound{file.shape, {}};
  const auto channels = static_cast<std::size_t>(sound.channels);
  const std::size_t wanted = sound.samples() * channels;
  // In pieces: a header may claim far more than there is.
  constexpr std::size_t frames_a_piece = 1 << 16;
  while (sound.values.size() < wanted) {
    const std::size_t at = sound.values.size();
    sound.values.resize(at + std::min(frames_a_piece * channels, wanted - at));
    const auto asked = static_cast<sf_count_t>(sound.values.size() - at);
    if (sf_read_float(file.sound.get(), sound.values.data() + at, asked) != asked)
      fail_cut_off(file.container, file.place);
  }
  for (std::size_t i = 0; i < sound.values.size(); ++i) {
    float& value = sound.values[i];
    if (file.is_lossy) value = static_cast<float>(clipped(value));  // they overshoot
    if (!(std::abs(value) <= 1)) {
      throw UserError(file.place, fmt::format("sample {} is {}: floats must lie within [-1, 1]", i / channels, value));
    }
  }
  return sound;
}

std::string encode_wav(const Signal& sound) {
  static const std::map<int, int> integer_formats{
      {8, SF_FORMAT_PCM_U8}, {16, SF_FORMAT_PCM_16}, {24, SF_FORMAT_PCM_24}};
  const auto integers = integer_formats.find(sound.bits);
  const int samples = integers == integer_formats.end() ? int{SF_FORMAT_FLOAT} : integers->second;
  SF_INFO info{.frames = 0,
               .samplerate = sound.sample_rate,
               .channels = sound.channels,
               .format = SF_FORMAT_WAV | samples,
               .sections = 0,
               .seekable = 0};
  SF_VIRTUAL_IO memory{MemorySound::length, MemorySound::seek, MemorySound::read, MemorySound::write,
                       MemorySound::tell};
  MemorySound file;
  SoundHandle handle(sf_open_virtual(&memory, SFM_WRITE, &info, &file), &sf_close);
  if (!handle) throw UserError(std::string("cannot encode this sound: ") + sf_strerror(nullptr));
  const sf_count_t written =
      integers == integer_formats.end() ? write_floats(handle.get(), sound) : write_integers(handle.get(), sound);
  if (static_cast<std::size_t>(written) != sound.values.size()) {
    throw UserError(std::string("cannot encode this sound: ") + sf_strerror(handle.get()));
  }
  handle.reset();  // writes the final header
  return std::move(file.bytes);
}

}  // namespace frugal::data
