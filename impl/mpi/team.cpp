#include "impl/mpi/team.hpp"

#include <algorithm>
#include <numeric>

namespace frugal::mpi {

void Team::send(Order order) {
  if (ranks_.size() > 1) ranks_.announce(std::as_writable_bytes(std::span(&order, 1)));
}

void Team::follow(const std::map<Call, Maker>& makers) {
  std::map<std::uint32_t, std::unique_ptr<Follower>> models;
  while (true) {
    Order order;
    ranks_.announce(std::as_writable_bytes(std::span(&order, 1)));
    if (order.call == Call::end) return;
    if (order.call == Call::count)
      counts_of_all();
    else if (order.call == Call::drop)
      models.erase(order.model);
    else if (const auto maker = makers.find(order.call); maker != makers.end())
      models[order.model] = maker->second(ranks_);
    else
      models.at(order.model)->obey(order);
  }
}

std::vector<RankCounts> Team::counts_of_all() {
  std::vector<RankCounts> all(static_cast<std::size_t>(ranks_.size()));
  all[static_cast<std::size_t>(ranks_.rank())] = ranks_.counts();
  std::vector<std::size_t> begins(all.size() + 1);
  std::iota(begins.begin(), begins.end(), std::size_t{0});
  gather_rows(ranks_.uncounted(), all.data(), 1, begins);
  return all;
}

RankCounts Team::heaviest() {
  const std::vector<RankCounts> now = call({Call::count}, [&] { return counts_of_all(); });
  for (const auto count : {&RankCounts::cpu_s, &RankCounts::bytes, &RankCounts::messages}) {
    double most = 0;
    for (std::size_t rank = 0; rank < now.size(); ++rank) most = std::max(most, now[rank].*count - last_[rank].*count);
    heaviest_.*count += most;
  }
  last_ = now;
  return heaviest_;
}

}  // namespace frugal::mpi
