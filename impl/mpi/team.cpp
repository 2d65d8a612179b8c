#include "impl/mpi/team.hpp"

#include <algorithm>
#include <exception>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>

#include "impl/base/error.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {

void Team::send(Order order) {
  if (ranks_.size() > 1) ranks_.announce(std::as_writable_bytes(std::span(&order, 1)));
}

void obey_or_refuse(const std::function<void()>& body, std::exception_ptr* refused) {
  const auto keep = [&] {
    if (refused != nullptr) *refused = std::current_exception();
  };
  try {
    body();
  } catch (const UserError&) {
    keep();
  } catch (const OutputError&) {
    keep();
  } catch (const std::invalid_argument&) {
    keep();
  }
}

/// What other ranks have of a loaded sequence, for rank 0.
class Team::Lender final : public PairsLender {
 public:
  Lender(Team& team, std::uint32_t number, const PackedPairs& pairs) : team_(team), number_(number) {
    for (const std::size_t begin : pairs.begins()) begins_.push_back(PackedPairs::block_of(begin));
  }
  ~Lender() override {
    if (!team_.busy()) team_.call({Call::drop, number_}, [] {});
  }
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;

  std::uint32_t number() const override { return number_; }

  std::shared_ptr<const PackedBlocks> lend(std::uint64_t block) const override {
    // Of ranks that begin with this block all but the last have none.
    const auto owner = static_cast<int>(std::ranges::upper_bound(begins_, block) - begins_.begin()) - 1;
    auto lent = std::make_shared<PackedBlocks>();
    lent->first = block;
    team_.call({Call::lend, number_, block}, [&] {
      std::uint64_t count = 0;
      Communicator& ranks = team_.ranks();
      wait_for(*ranks.receive(std::as_writable_bytes(std::span(&count, 1)), owner));
      std::vector<std::uint64_t> sizes(count);
      wait_for(*ranks.receive(std::as_writable_bytes(std::span(sizes)), owner));
      Communicator::Transfers coming;
      for (const std::uint64_t size : sizes)
        coming.push_back(ranks.receive(std::as_writable_bytes(std::span(lent->blocks.emplace_back(size))), owner));
      wait_for(coming);
    });
    return lent;
  }

 private:
  Team& team_;
  std::uint32_t number_;
  std::vector<std::uint64_t> begins_;  ///< [ranks + 1], in blocks
};

PackedPairs Team::load(const std::string& request, const std::function<PackedPairs(Communicator&)>& load) {
  const std::uint32_t number = new_number();
  PackedPairs pairs = call_or_refuse({Call::load, number}, [&] {
    tell_values(ranks_, std::span<const char>(request));
    return load(ranks_);
  });
  if (pairs.is_spread()) pairs.lend_by(std::make_shared<Lender>(*this, number, pairs));
  return pairs;
}

void Team::load_part(const Order& order, const LoadPart& load) {
  const auto request = hear_values<std::string>(ranks_);
  obey_or_refuse([&] { loaded_[order.model] = load(ranks_, request); });
}

void Team::lend(const Order& order) {
  const PackedBlocks own = loaded(order.model).own_blocks(order.number);
  const std::uint64_t count = own.blocks.size();
  if (count == 0) return;  // another rank's
  std::vector<std::uint64_t> sizes;
  for (const std::vector<std::uint8_t>& block : own.blocks) sizes.push_back(block.size());
  Communicator::Transfers going;
  going.push_back(ranks_.send(std::as_bytes(std::span(&count, 1)), 0));
  going.push_back(ranks_.send(std::as_bytes(std::span(sizes)), 0));
  for (const std::vector<std::uint8_t>& block : own.blocks)
    going.push_back(ranks_.send(std::as_bytes(std::span(block)), 0));
  wait_for(going);
}

void Team::follow(const std::map<Call, Maker>& makers, const LoadPart& load) {
  std::map<std::uint32_t, std::unique_ptr<Follower>> models;
  while (true) {
    Order order;
    ranks_.announce(std::as_writable_bytes(std::span(&order, 1)));
    if (order.call == Call::end) return;
    if (order.call == Call::count) {
      counts_of_all();
    } else if (order.call == Call::load) {
      load_part(order, load);
    } else if (order.call == Call::lend) {
      lend(order);
    } else if (order.call == Call::drop) {
      models.erase(order.model);
      loaded_.erase(order.model);
    } else if (const auto maker = makers.find(order.call); maker != makers.end()) {
      models[order.model] = maker->second(*this);
    } else {
      models.at(order.model)->obey(order);
    }
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
