// Whatever bytes the three files of a given split hold (here one input, separated by 0xff bytes), they are read or
// called bad with UserError; and a split that is read agrees with itself.
#include "datasets/formats/ncf.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using frugal::fuzz::MemoryFile;
using frugal::fuzz::require;

void check(const frugal::data::Split& split) {
  require(split.negatives.size() == split.held_out.size() * static_cast<std::size_t>(split.negatives_per_query));
  for (const auto& pair : split.train) require(pair.user < split.users && pair.item < split.items);
  for (const auto& pair : split.held_out) require(pair.user < split.users && pair.item < split.items);
  for (const std::uint32_t item : split.negatives) require(item < split.items);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = frugal::fuzz::parts_of<3>(frugal::fuzz::bytes_of(data, size));
  const MemoryFile train(parts[0]);
  const MemoryFile held_out(parts[1]);
  const MemoryFile negatives(parts[2]);
  try {
    check(frugal::data::read_ncf(train.path(), held_out.path(), negatives.path()));
  } catch (const frugal::UserError&) {
    // Bad files, called bad: as it should be.
  }
  return 0;
}
