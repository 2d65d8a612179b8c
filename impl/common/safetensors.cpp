#include "impl/common/safetensors.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "impl/common/error.hpp"

namespace frugal {
namespace {

using Header = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the format is little endian");

constexpr std::uint64_t largest_header = 100'000'000;  // of the format's own reader
constexpr const char* metadata = "__metadata__";

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw UserError(fmt::format("{}: {}", name, what));
}

float widened(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  float size = 0;
  if (exponent == 0x1f)
    size = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  else
    size = std::ldexp(static_cast<float>(exponent == 0 ? fraction : fraction + 0x400), std::max(exponent, 1) - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

/// Offsets of the data of one tensor, checked against the bytes there are.
std::pair<std::uint64_t, std::uint64_t> offsets_of(const Header& entry, std::uint64_t available) {
  const Header& offsets = entry.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    throw UserError("data_offsets must be two numbers");
  const auto begin = offsets[0].get<std::uint64_t>();
  const auto end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > available) throw UserError(fmt::format("data [{}, {}) is not in the file", begin, end));
  return {begin, end};
}

NamedTensor tensor_of(const std::string& name, const Header& entry, std::string_view data) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets"))
    throw UserError("needs dtype, shape and data_offsets");
  const Header& dtype = entry.at("dtype");
  const std::size_t width = dtype == "F32" ? 4 : dtype == "F16" ? 2 : 0;
  if (width == 0) throw UserError(fmt::format("has dtype {}; F32 and F16 can be read", dtype.dump()));
  const auto [begin, end] = offsets_of(entry, data.size());

  NamedTensor tensor{.name = name, .shape = {}, .values = {}};
  const std::uint64_t count = (end - begin) / width;
  std::uint64_t product = 1;
  if (!entry.at("shape").is_array()) throw UserError("shape must be a list");
  for (const Header& n : entry.at("shape")) {
    if (!n.is_number_unsigned()) throw UserError("shape must hold whole numbers");
    const auto size = n.get<std::uint64_t>();
    if (size != 0 && product > count / size) throw UserError("shape and data do not agree");
    product *= size;
    tensor.shape.push_back(static_cast<std::int64_t>(size));
  }
  if (product * width != end - begin) throw UserError("shape and data do not agree");

  tensor.values.resize(product);
  if (width == 4) {
    if (product > 0) std::memcpy(tensor.values.data(), data.data() + begin, end - begin);
    return tensor;
  }
  for (std::uint64_t i = 0; i < product; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, data.data() + begin + 2 * i, 2);
    tensor.values[i] = widened(bits);
  }
  return tensor;
}

std::uint64_t step_of(const Header& header) {
  if (!header.contains(metadata) || !header[metadata].is_object() || !header[metadata].contains("step")) return 0;
  const Header& step = header[metadata]["step"];
  std::uint64_t value = 0;
  const std::string text = step.is_string() ? step.get<std::string>() : "";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    throw UserError(fmt::format("step in {} must be a whole number as text, but is {}", metadata, step.dump()));
  return value;
}

}  // namespace

ModelState parse_safetensors(std::string_view bytes, const std::string& name) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof(length)) fail(name, "is no safetensors file: it ends within the length of its header");
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > largest_header || length > bytes.size() - sizeof(length))
    fail(name, fmt::format("is no safetensors file: its header of {} bytes is not in it", length));
  const Header header = Header::parse(bytes.substr(sizeof(length), length), nullptr, false);
  if (!header.is_object()) fail(name, "is no safetensors file: its header is no JSON object");
  const std::string_view data = bytes.substr(sizeof(length) + length);

  ModelState state;
  try {
    state.step = step_of(header);
  } catch (const UserError& error) {
    fail(name, error.what());
  }
  for (const auto& [tensor, entry] : header.items()) {
    if (tensor == metadata) continue;
    try {
      state.tensors.push_back(tensor_of(tensor, entry, data));
    } catch (const UserError& error) {
      fail(name, fmt::format("tensor '{}' {}", tensor, error.what()));
    }
  }
  return state;
}

ModelState load_safetensors(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  if (!stream || std::filesystem::is_directory(path) || !(bytes << stream.rdbuf()))
    throw UserError(fmt::format("cannot read {}", path.string()));
  return parse_safetensors(bytes.view(), path.string());
}

void save_safetensors(const std::filesystem::path& path, const ModelState& state) {
  Header header;
  header[metadata] = {{"format", "pt"}, {"step", std::to_string(state.step)}};
  std::uint64_t at = 0;
  for (const NamedTensor& tensor : state.tensors) {
    const std::uint64_t end = at + 4 * tensor.values.size();
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the values start on a multiple of 8 bytes
  const std::uint64_t length = text.size();

  const std::filesystem::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  std::ofstream stream(temporary, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
  stream << text;
  for (const NamedTensor& tensor : state.tensors)
    stream.write(reinterpret_cast<const char*>(tensor.values.data()),
                 static_cast<std::streamsize>(4 * tensor.values.size()));
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(temporary, path, error);
  if (!stream || error) {
    std::filesystem::remove(temporary, error);
    throw UserError(fmt::format("cannot write {}", path.string()));
  }
}

}  // namespace frugal
