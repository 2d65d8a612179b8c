#include "impl/mpi/team.hpp"

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
    if (order.call == Call::drop)
      models.erase(order.model);
    else if (const auto maker = makers.find(order.call); maker != makers.end())
      models[order.model] = maker->second(ranks_);
    else
      models.at(order.model)->obey(order);
  }
}

}  // namespace frugal::mpi
