// Whatever bytes a file of clicks holds, it is read or called bad with UserError; and what is read keeps its promises.
#include "datasets/formats/criteo.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using frugal::fuzz::require;

void check(const frugal::data::Clicks& clicks) {
  require(clicks.size() > 0 && clicks.dense.size() == clicks.size() * static_cast<std::size_t>(clicks.dense_features));
  require(clicks.ids.size() == clicks.size() * clicks.table_rows.size());
  for (const std::uint32_t id : clicks.ids) require(id < clicks.table_rows.front());
  for (const float value : clicks.dense) require(value >= 0 && value < 30);  // log(1 + 2^40) < 30
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const frugal::fuzz::MemoryFile file(frugal::fuzz::bytes_of(data, size));
  try {
    check(frugal::data::read_criteo(file.path(), 100, 0));
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
