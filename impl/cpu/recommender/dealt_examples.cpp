#include "impl/cpu/recommender/dealt_examples.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "impl/cpu/runs.hpp"

namespace frugal::cpu {
namespace {

/// Where `width` things of each begin.
std::vector<std::size_t> times(std::vector<std::size_t> begins, std::size_t width) {
  for (std::size_t& begin : begins) begin *= width;
  return begins;
}

template <class T>
std::span<std::byte> bytes_of(std::vector<T>& values) {
  return std::as_writable_bytes(std::span(values));
}

}  // namespace

void DealtExamples::set(const ClickBatch& all) {
  if (ranks_.size() == 1) {
    own_.set(all, spec_);
    ahead_own_ = own_;
    ahead_.reset();
    return;
  }
  const bool leads = ranks_.rank() == 0;
  if (leads) require_readable(all, spec_, all.labels.size());
  std::vector<std::uint64_t> facts = {all.labels.size(), all.offsets.empty() ? 0U : 1U};
  ranks_.broadcast(bytes_of(facts));
  begins_ = equal_shares(facts[0], ranks_.size());
  with_bags_ = facts[1] == 1;

  const std::vector<std::size_t> bags = times(begins_, spec_.table_rows.size());
  std::vector<std::size_t> ids = bags;
  if (with_bags_) {
    if (leads)
      for (std::size_t& begin : ids) begin = all.begin_of(begin);
    ranks_.broadcast(bytes_of(ids));
  }
  const std::size_t features = static_cast<std::size_t>(spec_.dense_features);
  labels_ = dealt(ranks_, all.labels, begins_);
  dense_ = dealt(ranks_, all.dense, times(begins_, features));
  ids_ = dealt(ranks_, all.ids, ids);
  offsets_.clear();
  if (with_bags_) offsets_ = dealt(ranks_, leads ? all.offsets.subspan(1) : all.offsets, bags);  // the ends of bags
  if (leads) {
    own_.set({.dense = all.dense.first(begins_[1] * features),
              .ids = all.ids.first(ids[1]),
              .labels = all.labels.first(begins_[1]),
              .offsets = with_bags_ ? all.offsets.first(bags[1] + 1) : all.offsets},
             spec_);
    return;
  }
  if (with_bags_) offsets_.insert(offsets_.begin(), ids[ranks_.rank()]);
  for (std::uint64_t& offset : offsets_) offset -= ids[ranks_.rank()];
  own_.set({.dense = dense_, .ids = ids_, .labels = labels_, .offsets = offsets_}, spec_);
}

ClickBatch DealtExamples::gather(std::uint64_t step) {
  if (ahead_ && ahead_->step == step) {
    std::swap(own_, ahead_own_);
    return std::exchange(ahead_, std::nullopt)->batch;
  }
  if (begins_.empty() || begins_.back() == 0) return own_.gather(spec_, step);  // throws where there are none
  const EpochSchedule schedule(begins_.back(), static_cast<std::uint64_t>(spec_.batch), spec_.seed);
  const StepOwners owners(schedule, schedule.at(step), begins_, ranks_.rank());
  return complete(owners, own_.pick(spec_, owners.own()));
}

void DealtExamples::gather_ahead(std::uint64_t step) { ahead_ = {step, ahead_own_.gather(spec_, step)}; }

/// own: this rank's examples of the step.
ClickBatch DealtExamples::complete(const StepOwners& owners, const ClickBatch& own) {
  const std::size_t features = static_cast<std::size_t>(spec_.dense_features);
  const std::size_t tables = spec_.table_rows.size();
  const std::size_t count = owners.begins().back();
  const std::size_t first = owners.begins()[ranks_.rank()];

  // An example's label, numbers, and ids, or where bags differ in length how many each has: so that one message does.
  const std::size_t width = 1 + features + tables;
  std::vector<std::uint32_t> words(count * width);
  std::uint32_t* to = words.data() + first * width;
  for (std::size_t e = 0; e < own.labels.size(); ++e) {
    *to++ = std::bit_cast<std::uint32_t>(own.labels[e]);
    for (const float value : own.dense.subspan(e * features, features)) *to++ = std::bit_cast<std::uint32_t>(value);
    for (std::size_t b = e * tables; b < (e + 1) * tables; ++b)
      *to++ = with_bags_ ? static_cast<std::uint32_t>(own.bag(b).size()) : own.ids[b];
  }
  gather_rows(ranks_, words.data(), width, owners.begins());
  const auto tail_of = [&](std::size_t place) {
    return std::span(words).subspan(place * width + 1 + features, tables);
  };

  std::vector<std::uint32_t> ids;                 // by place
  std::vector<std::size_t> id_begins(count + 1);  // of each place
  if (with_bags_) {
    for (std::size_t place = 0; place < count; ++place) {
      id_begins[place + 1] = id_begins[place];
      for (const std::uint32_t length : tail_of(place)) id_begins[place + 1] += length;
    }
    std::vector<std::size_t> of_ranks;
    for (const std::size_t begin : owners.begins()) of_ranks.push_back(id_begins[begin]);
    ids.resize(id_begins.back());
    std::ranges::copy(own.ids, ids.begin() + static_cast<std::ptrdiff_t>(of_ranks[ranks_.rank()]));
    gather_rows(ranks_, ids.data(), 1, of_ranks);
  }

  step_labels_.resize(count);
  step_dense_.resize(count * features);
  step_ids_.clear();
  step_offsets_.assign(with_bags_ ? 1 : 0, 0);
  owners.in_order([&](std::size_t position, std::size_t place) {
    const std::uint32_t* from = words.data() + place * width;
    step_labels_[position] = std::bit_cast<float>(*from++);
    for (std::size_t f = 0; f < features; ++f) step_dense_[position * features + f] = std::bit_cast<float>(*from++);
    const std::span<const std::uint32_t> tail = tail_of(place);
    if (!with_bags_) {
      step_ids_.insert(step_ids_.end(), tail.begin(), tail.end());
      return;
    }
    for (const std::uint32_t length : tail) step_offsets_.push_back(step_offsets_.back() + length);
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(id_begins[place]);
    step_ids_.insert(step_ids_.end(), begin, ids.begin() + static_cast<std::ptrdiff_t>(id_begins[place + 1]));
  });
  return {.dense = step_dense_, .ids = step_ids_, .labels = step_labels_, .offsets = step_offsets_};
}

ClickBatch ToldExamples::tell(const ClickBatch& all, std::size_t first, std::size_t count, const DlrmSpec& spec,
                              Communicator& ranks) {
  const bool leads = ranks.rank() == 0;
  const std::size_t features = static_cast<std::size_t>(spec.dense_features);
  const std::size_t bags = count * spec.table_rows.size();
  const std::size_t first_bag = first * spec.table_rows.size();
  const std::size_t first_id = leads ? all.begin_of(first_bag) : 0;
  std::vector<std::uint64_t> facts(2);  // ids, and offsets where there are any
  if (leads) facts = {all.begin_of(first_bag + bags) - first_id, all.offsets.empty() ? 0 : bags + 1};
  ranks.broadcast(bytes_of(facts));
  dense_.resize(count * features);
  ids_.resize(facts[0]);
  offsets_.resize(facts[1]);
  if (leads) {
    std::ranges::copy(all.dense.subspan(first * features, dense_.size()), dense_.begin());
    std::ranges::copy(all.ids.subspan(first_id, ids_.size()), ids_.begin());
    for (std::size_t b = 0; b < offsets_.size(); ++b) offsets_[b] = all.offsets[first_bag + b] - first_id;
  }
  ranks.broadcast(bytes_of(dense_));
  ranks.broadcast(bytes_of(ids_));
  ranks.broadcast(bytes_of(offsets_));
  return {.dense = dense_, .ids = ids_, .labels = {}, .offsets = offsets_};
}

}  // namespace frugal::cpu
