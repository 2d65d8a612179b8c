// Whatever bytes a file about users or items holds, a reader returns a table or throws UserError; and the table keeps
// its promises. The first byte, '0' to '4', chooses the form; the rest is the file.
#include "datasets/formats/movielens_attributes.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using frugal::fuzz::require;

constexpr decltype(&frugal::data::read_movielens_users) readers[] = {
    frugal::data::read_movielens_users, frugal::data::read_movielens_movies, frugal::data::read_movielens_100k_users,
    frugal::data::read_movielens_100k_items};

void check(const frugal::data::AttributeTable& table) {
  require(!table.ids.empty());
  for (const frugal::data::Attribute& attribute : table.attributes) {
    require(attribute.of.size() == table.ids.size());
    for (const auto& categories : attribute.of)
      for (const std::uint32_t category : categories) require(category < attribute.categories.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const frugal::fuzz::MemoryFile file(frugal::fuzz::bytes_of(data + 1, size - 1));
  const std::size_t form = static_cast<std::uint8_t>(data[0] - '0') % (std::size(readers) + 1);
  try {
    if (form < std::size(readers))
      check(readers[form](file.path()));
    else
      require(frugal::data::read_item_ids(file.path(), 2).size() == 2);
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
