// Whatever bytes a file of a signal holds, it is read or called bad with UserError; and what is read keeps its promises:
// the header alone gives the shape of the whole, and is readable where the whole is.
#pragma once
#include "datasets/signal/signal.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace frugal::fuzz {

using ReadSignal = data::Signal (*)(const std::filesystem::path&);
using ReadShape = data::SignalShape (*)(const std::filesystem::path&);

inline void check_signal(std::string_view bytes, ReadSignal read, ReadShape read_shape) {
  const MemoryFile file(bytes);
  try {
    const data::Signal signal = read(file.path());
    const data::SignalShape shape = read_shape(file.path());
    require(static_cast<const data::SignalShape&>(signal) == shape);
    require(shape.channels > 0 && signal.values.size() == shape.samples() * static_cast<std::size_t>(shape.channels));
    for (const float value : signal.values) require(value >= -1 && value <= 1);
  } catch (const UserError&) {
    // A bad file, called bad: as it should be.
  }
}

}  // namespace frugal::fuzz
