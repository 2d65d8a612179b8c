#include "impl/common/recommender/click_batch.hpp"

#include <algorithm>
#include <stdexcept>

namespace frugal {
namespace {

bool offsets_fit(std::span<const std::uint64_t> offsets, std::size_t bags, std::size_t ids) {
  return offsets.size() == bags + 1 && offsets.front() == 0 && offsets.back() == ids &&
         std::is_sorted(offsets.begin(), offsets.end());
}

}  // namespace

void require_readable(const ClickBatch& batch, const DlrmSpec& spec, std::size_t n) {
  const std::size_t tables = spec.table_rows.size();
  const std::size_t bags = n * tables;
  if (batch.dense.size() != n * static_cast<std::size_t>(spec.dense_features) ||
      (batch.offsets.empty() && batch.ids.size() != bags))
    throw std::invalid_argument("the dense features or the ids of a DLRM batch do not match its number of examples");
  if (!batch.offsets.empty() && !offsets_fit(batch.offsets, bags, batch.ids.size()))
    throw std::invalid_argument(
        "the offsets of a DLRM batch must have one more than its bags, start at 0, never fall, and end at the number "
        "of ids");
  bool beyond = false;
  for (std::size_t e = 0; e < n; ++e)
    for (std::size_t t = 0; t < tables; ++t)
      for (const std::uint32_t id : batch.bag(e * tables + t)) beyond |= id >= spec.table_rows[t];
  if (beyond) throw std::invalid_argument("an id of a DLRM batch is beyond the rows of its table");
}

}  // namespace frugal
