// Whatever bytes a file of weights holds, it is read or called bad with UserError; and tensors that are read hold as
// many values as their shapes say, out of bytes that the file has. '0' before an input makes the rest the file. '1'
// makes it the header, then a 0xff byte and the data: the length of the header is put before them, as a mutation of a
// whole file nearly always breaks it and nothing behind it would be reached.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "impl/base/error.hpp"
#include "impl/common/safetensors.hpp"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

std::string with_length(std::string_view input) {
  const std::size_t end = std::min(input.find('\xff'), input.size());
  std::string file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(std::uint64_t{end} >> (8 * i)));
  file += input.substr(0, end);
  return file += input.substr(std::min(end + 1, input.size()));
}

void check(const frugal::ModelState& state, std::size_t bytes) {
  std::set<std::string_view> names;
  std::size_t values = 0;
  for (const frugal::NamedTensor& tensor : state.tensors) {
    require(names.insert(tensor.name).second);
    std::uint64_t size = 1;
    for (const std::int64_t n : tensor.shape) {
      require(n >= 0);
      size *= static_cast<std::uint64_t>(n);
    }
    require(size == tensor.values.size());
    values += tensor.values.size();
  }
  require(2 * values <= bytes);  // two bytes of its own for each value, at least
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string file = data[0] == '1' ? with_length(input) : std::string(input);
  try {
    check(frugal::parse_safetensors(file, "fuzz"), file.size());
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
