// Whatever bytes a file of clicks holds, it is read and split or called bad with UserError; and what is read keeps its
// promises. The first byte, '0' to '2', chooses the form; the rest is the file.
#include <cmath>

#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/click_table.hpp"
#include "impl/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace frugal::data;
using frugal::fuzz::require;

constexpr std::uint8_t forms = 3;

/// Criteo's settings, or those of a file of one's own, nothing or something said.
ClickForm form_of(std::uint8_t choice) {
  if (choice == 0) return click_form(find_manifest("criteo-kaggle", {})->table);
  ClickForm form;
  if (choice == 1) return form;
  form.delimiter = ";";
  form.decimal_comma = true;
  form.comment = "#";
  form.dense = {"2"};
  form.categorical = {"3-5"};
  form.dense_scale = DenseScale::none;
  return form;
}

void check(const Clicks& clicks, DenseScale scale) {
  require(clicks.size() > 0 && clicks.dense.size() == clicks.size() * static_cast<std::size_t>(clicks.dense_features));
  require(clicks.ids.size() == clicks.size() * clicks.table_rows.size());
  for (std::size_t k = 0; k < clicks.ids.size(); ++k)
    require(clicks.ids[k] < clicks.table_rows[k % clicks.table_rows.size()]);
  for (const float value : clicks.dense)
    require(std::isfinite(value) && (scale != DenseScale::log || (value >= 0 && value < 30)));  // log(1 + 2^40) < 30
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const frugal::fuzz::MemoryFile file(frugal::fuzz::bytes_of(data + 1, size - 1));
  const ClickForm form = form_of(static_cast<std::uint8_t>(data[0] - '0') % forms);
  try {
    ClickLog log = read_click_log(file.path(), form, {.rows_per_table = 4});
    if (log.examples.size() < 2) return 0;
    const ClickHoldOut how = log.times.empty() ? ClickHoldOut::random : ClickHoldOut::latest;
    const ClickSplit split = split_click_log(std::move(log), {.how = how, .test_fraction = 0.3}, 1);
    check(split.train, form.dense_scale);
    check(split.test, form.dense_scale);
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
