// Whatever bytes a file of ratings holds, a reader returns ratings or throws UserError; and what it returns keeps its
// promises. The first byte, '0' to '4', chooses the form; the rest is the file.
#include "datasets/formats/ratings.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using frugal::fuzz::require;

constexpr decltype(&frugal::data::read_movielens_tab) readers[] = {
    frugal::data::read_movielens_tab, frugal::data::read_movielens_colons, frugal::data::read_movielens_csv,
    frugal::data::read_epinions_tang, frugal::data::read_epinions_massa};

void check(const frugal::data::Ratings& ratings) {
  require(!ratings.rows.empty() && ratings.user_names.size() == ratings.users &&
          ratings.item_names.size() == ratings.items);
  for (const auto& row : ratings.rows) require(row.user < ratings.users && row.item < ratings.items && row.value >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const frugal::fuzz::MemoryFile file(frugal::fuzz::bytes_of(data + 1, size - 1));
  try {
    check(readers[static_cast<std::uint8_t>(data[0] - '0') % std::size(readers)](file.path()));
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
