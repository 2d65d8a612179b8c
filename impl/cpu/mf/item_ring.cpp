#include "impl/cpu/mf/item_ring.hpp"

#include <algorithm>

namespace frugal::cpu {

void ItemRing::poll(RoundProgress& progress) {
  if (finished(progress)) return;
  const std::uint32_t groups = progress.groups();
  if (coming_.empty()) {
    const int from = (ranks_.rank() + 1) % active_;
    const std::uint32_t group = (progress.end() + round_) % groups;
    coming_.push_back(ranks_.receive(rows_of(group), from));
    coming_.push_back(ranks_.receive(biases_of(group), from));
  }
  if (going_.empty() && progress.done(progress.first()) > round_) {
    const int to = (ranks_.rank() + active_ - 1) % active_;
    const std::uint32_t group = (progress.first() + round_) % groups;
    going_.push_back(ranks_.send(rows_of(group), to));
    going_.push_back(ranks_.send(biases_of(group), to));
  }
  if (!done(coming_)) return;
  progress.arrived(round_ + 1);
  if (going_.empty() || !done(going_)) return;
  coming_.clear();
  going_.clear();
  ++round_;
}

bool ItemRing::done(const Transfers& transfers) {
  return std::ranges::all_of(transfers, [](const auto& transfer) { return transfer->done(); });
}

std::span<std::byte> ItemRing::rows_of(std::uint32_t group) const {
  const std::size_t count = items_.begins[group + 1] - items_.begins[group];
  return std::as_writable_bytes(std::span(items_.rows + items_.begins[group] * items_.stride, count * items_.stride));
}

std::span<std::byte> ItemRing::biases_of(std::uint32_t group) const {
  return std::as_writable_bytes(
      std::span(items_.biases + items_.begins[group], items_.begins[group + 1] - items_.begins[group]));
}

}  // namespace frugal::cpu
