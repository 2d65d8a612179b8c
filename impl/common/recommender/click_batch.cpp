#include "impl/common/recommender/click_batch.hpp"

#include <algorithm>
#include <stdexcept>

#include "impl/common/epoch_schedule.hpp"

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

void StepExamples::set(const ClickBatch& examples, const DlrmSpec& spec) {
  require_readable(examples, spec, examples.labels.size());
  examples_ = examples;
}

ClickBatch StepExamples::gather(const DlrmSpec& spec, std::uint64_t step) {
  if (examples_.labels.empty()) throw std::invalid_argument("DLRM training needs examples");
  const EpochSchedule schedule(examples_.labels.size(), static_cast<std::uint64_t>(spec.batch), spec.seed);
  const EpochSchedule::Step now = schedule.at(step);
  const Permutation order = schedule.order(now.epoch);
  numbers_.resize(now.count);
  for (std::uint64_t i = 0; i < now.count; ++i) numbers_[i] = order(now.first + i);
  return pick(spec, numbers_);
}

ClickBatch StepExamples::pick(const DlrmSpec& spec, std::span<const std::uint64_t> numbers) {
  const std::size_t features = static_cast<std::size_t>(spec.dense_features);
  const std::size_t tables = spec.table_rows.size();
  dense_.resize(numbers.size() * features);
  labels_.resize(numbers.size());
  ids_.clear();
  offsets_.clear();
  if (!examples_.offsets.empty()) offsets_.push_back(0);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::uint64_t from = numbers[i];
    std::copy_n(examples_.dense.data() + from * features, features, dense_.data() + i * features);
    labels_[i] = examples_.labels[from];
    const std::size_t begin = examples_.begin_of(from * tables);
    const std::size_t end = examples_.begin_of((from + 1) * tables);
    if (!examples_.offsets.empty())
      for (std::size_t b = from * tables + 1; b <= (from + 1) * tables; ++b)
        offsets_.push_back(ids_.size() + examples_.begin_of(b) - begin);
    ids_.insert(ids_.end(), examples_.ids.begin() + static_cast<std::ptrdiff_t>(begin),
                examples_.ids.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return {.dense = dense_, .ids = ids_, .labels = labels_, .offsets = offsets_};
}

}  // namespace frugal
