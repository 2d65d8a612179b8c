// Whatever bytes a file of ratings holds, a reader returns ratings or throws UserError; and what it returns keeps its
// promises. The first byte, '0' to '6', chooses the form; the rest is the file.
#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/ratings.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using frugal::fuzz::require;

const char* const manifests[] = {"ml-100k", "ml-1m", "ml-20m", "epinions-tang", "epinions-massa"};

/// The settings of a published file, or of a file of one's own, nothing or something said.
frugal::data::RatingsForm form_of(std::uint8_t choice) {
  if (choice < std::size(manifests))
    return frugal::data::ratings_form(frugal::data::find_manifest(manifests[choice], {})->table);
  frugal::data::RatingsForm form;
  if (choice == std::size(manifests)) return form;
  form.decimal_comma = true;
  form.comment = "#";
  form.duplicates = frugal::data::Duplicates::sum;
  return form;
}

void check(const frugal::data::Ratings& ratings) {
  require(!ratings.rows.empty() && ratings.user_names.size() == ratings.users &&
          ratings.item_names.size() == ratings.items);
  for (const auto& row : ratings.rows) require(row.user < ratings.users && row.item < ratings.items);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const frugal::fuzz::MemoryFile file(frugal::fuzz::bytes_of(data + 1, size - 1));
  try {
    check(frugal::data::read_ratings(file.path(),
                                     form_of(static_cast<std::uint8_t>(data[0] - '0') % (std::size(manifests) + 2))));
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
