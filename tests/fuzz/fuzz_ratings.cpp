// Whatever bytes a file of ratings holds, a reader returns ratings or throws UserError; and what it returns keeps its
// promises, and are the same when every line is read by the general reader. The first byte, '0' to '6', chooses the form;
// the rest is the file.
#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/ratings.hpp"
#include "impl/base/error.hpp"
#include "tests/datasets/ratings_outcome.hpp"
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
  const std::string_view bytes = frugal::fuzz::bytes_of(data + 1, size - 1);
  const frugal::fuzz::MemoryFile file(bytes);
  const frugal::data::RatingsForm form = form_of(static_cast<std::uint8_t>(data[0] - '0') % (std::size(manifests) + 2));
  try {
    check(frugal::data::read_ratings(file.path(), form));
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  const frugal::data::RatingsForm general = frugal::data::general_form(form);
  if (form.comment.empty() && bytes.find(general.comment) == std::string_view::npos)
    require(frugal::data::ratings_outcome(file.path(), form) == frugal::data::ratings_outcome(file.path(), general));
  return 0;
}
