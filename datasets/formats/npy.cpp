// NumPy's .npy: "\x93NUMPY", a version (1 byte each for major and minor), the length of the header (2 bytes
// little-endian in version 1, else 4), the header, the values. The header is a Python literal:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (32, 32, 32), }
#include "datasets/formats/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "datasets/formats/clipped.hpp"
#include "datasets/formats/sample_limit.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they are");

constexpr std::string_view npy_magic = "\x93NUMPY";
constexpr std::size_t longest_npy_header = 1 << 16;

template <class T>
T value_at(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

struct ElementType {
  std::string_view descr;
  std::size_t bytes;
  float (*value)(const char*);
};

constexpr ElementType element_types[] = {
    {"<f4", 4, [](const char* at) { return value_at<float>(at); }},
    {"<f8", 8, [](const char* at) { return static_cast<float>(value_at<double>(at)); }},
    {"|u1", 1, [](const char* at) { return static_cast<float>(2 * (value_at<std::uint8_t>(at) / 255.0) - 1); }},
    {"<u2", 2, [](const char* at) { return static_cast<float>(2 * (value_at<std::uint16_t>(at) / 65535.0) - 1); }},
    {"<i2", 2, [](const char* at) { return static_cast<float>(value_at<std::int16_t>(at) / 32768.0); }},
};

struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<int> extents;
};

/// Reads the Python literal. Keys may come in any order, each once.
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view text, const Place& place) : text_(text), place_(place) {}

  NpyHeader parse() {
    NpyHeader header;
    int seen = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !(seen & 1)) {
        header.descr = quoted();
        seen |= 1;
      } else if (key == "fortran_order" && !(seen & 2)) {
        header.fortran_order = truth();
        seen |= 2;
      } else if (key == "shape" && !(seen & 4)) {
        header.extents = tuple();
        seen |= 4;
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (seen != 7 || at_ != text_.size()) fail();
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    throw UserError(place_, fmt::format("cannot read the header of this .npy file, at its character {}", at_ + 1));
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail();
  }
  bool accept_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::string quoted() {
    skip_blanks();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail();
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail();
    std::string inside(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return inside;
  }
  bool truth() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail();
    return false;
  }
  std::vector<int> tuple() {
    std::vector<int> numbers;
    expect('(');
    while (!accept(')')) {
      numbers.push_back(number());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }
  int number() {
    skip_blanks();
    int value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail();
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const Place& place_;
};

/// What the header says, checked against the length of the file.
struct NpyLayout {
  SignalShape shape;
  ElementType type;
  std::size_t values_begin = 0;
};

std::string_view header_text(std::string_view start, const Place& place) {
  if (!start.starts_with(npy_magic)) throw UserError(place, "this is not a NumPy .npy file");
  const UserError cut_off(place, "cannot read this .npy file: it is cut off");
  const std::size_t length_at = npy_magic.size() + 2;
  if (start.size() < length_at + 4) throw cut_off;
  const auto major = static_cast<unsigned char>(start[npy_magic.size()]);
  if (major < 1 || major > 3) throw UserError(place, fmt::format(".npy version {} is not known here", major));
  const std::size_t text_at = length_at + (major == 1 ? 2 : 4);
  const std::size_t length = major == 1 ? value_at<std::uint16_t>(start.data() + length_at)
                                        : value_at<std::uint32_t>(start.data() + length_at);
  if (length > longest_npy_header) throw UserError(place, "the header of this .npy file is too long");
  if (start.size() - text_at < length) throw cut_off;
  return start.substr(text_at, length);
}

ElementType element_type(const std::string& descr, const Place& place) {
  for (const ElementType& type : element_types) {
    if (type.descr == descr) return type;
  }
  throw UserError(place, fmt::format("this array holds '{}'; known: '<f4', '<f8', '|u1', '<u2', '<i2'", descr));
}

NpyLayout layout_of(std::string_view start, std::uintmax_t file_bytes, const Place& place) {
  const std::string_view text = header_text(start, place);
  const NpyHeader header = NpyHeaderParser(text, place).parse();
  NpyLayout layout{.shape = {},
                   .type = element_type(header.descr, place),
                   .values_begin = static_cast<std::size_t>(text.data() + text.size() - start.data())};
  if (header.fortran_order)
    throw UserError(place, "this array is in Fortran order; save numpy.ascontiguousarray of it");
  const std::vector<int>& extents = header.extents;
  if (extents.size() != 3 && extents.size() != 4) {
    throw UserError(place, fmt::format("this array has the shape ({}); known: (depth, height, width) of a volume, "
                                       "(frames, height, width) of a video, and either with channels last",
                                       fmt::join(extents, ", ")));
  }
  std::uintmax_t bytes = layout.type.bytes;
  for (const int extent : extents) {
    if (extent < 1) throw UserError(place, fmt::format("this array is empty: ({})", fmt::join(extents, ", ")));
    // Compared by division: the product of what a damaged header claims may overflow.
    if (bytes > file_bytes / static_cast<std::uintmax_t>(extent)) throw UserError(place, "this array is cut off");
    bytes *= static_cast<std::uintmax_t>(extent);
  }
  if (const std::uintmax_t here = file_bytes - layout.values_begin; here != bytes) {
    throw UserError(place, fmt::format("this array is {}: {} bytes of values, should be {}",
                                       here < bytes ? "cut off" : "followed by something else", here, bytes));
  }
  layout.shape = {.shape = {extents[0], extents[1], extents[2]},
                  .channels = extents.size() == 4 ? extents[3] : 1,
                  .bits = static_cast<int>(8 * layout.type.bytes)};
  require_size(layout.shape, place);
  return layout;
}

/// Where value `i` lies: "[z, y, x, c]".
std::string position(const SignalShape& shape, std::size_t i) {
  std::vector<std::size_t> indices{i % static_cast<std::size_t>(shape.channels)};
  i /= static_cast<std::size_t>(shape.channels);
  for (std::size_t d = shape.shape.size(); d-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape.shape[d]);
    indices.insert(indices.begin(), i % extent);
    i /= extent;
  }
  return fmt::format("[{}]", fmt::join(indices, ", "));
}

}  // namespace

SignalShape volume_shape(const std::filesystem::path& path) {
  const Place place{path.string()};
  const std::string start = read_file_start(path, npy_magic.size() + 6 + longest_npy_header);
  return layout_of(start, std::filesystem::file_size(path), place).shape;
}

Signal read_volume(const std::filesystem::path& path) {
  const Place place{path.string()};
  volume_shape(path);  // refuses what is too large before all of it is in memory
  const std::string bytes = read_whole_file(path);
  const NpyLayout layout = layout_of(bytes, bytes.size(), place);
  Signal volume{layout.shape, {}};
  volume.values.resize(volume.samples() * static_cast<std::size_t>(volume.channels));
  for (std::size_t i = 0; i < volume.values.size(); ++i) {
    const float value = layout.type.value(bytes.data() + layout.values_begin + i * layout.type.bytes);
    if (!(std::abs(value) <= 1)) {
      throw UserError(place, fmt::format("the value at {} is {}: floats must lie within [-1, 1], so scale the array",
                                         position(volume, i), value));
    }
    volume.values[i] = value;
  }
  return volume;
}

namespace {

std::string npy_header(std::span<const std::int64_t> shape) {
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // NumPy pads with blanks so that the values begin at a multiple of 64.
  const std::size_t prefix = npy_magic.size() + 4;
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes(npy_magic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  return bytes + header;
}

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

std::string encode_npy(const Signal& volume) {
  std::vector<std::int64_t> extents(volume.shape.begin(), volume.shape.end());
  if (volume.channels > 1) extents.push_back(volume.channels);
  std::vector<float> values;
  values.reserve(volume.values.size());
  for (const float value : volume.values) values.push_back(static_cast<float>(clipped(value)));
  return npy_header(extents).append(bytes_of(values));
}

void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape, std::span<const float> values) {
  FileWriter file(path);
  file.write(npy_header(shape));
  file.write(bytes_of(values));
  file.finish();
}

}  // namespace frugal::data
