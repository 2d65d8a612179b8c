#include "impl/common/communicator.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <thread>

namespace frugal {
namespace {

class Alone final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void broadcast(std::span<std::byte>) override {}
  void all_gather(std::span<std::byte>, std::span<const std::size_t>) override {}
  std::unique_ptr<Transfer> send(std::span<const std::byte>, int) override { return nobody(); }
  std::unique_ptr<Transfer> receive(std::span<std::byte>, int) override { return nobody(); }
  std::unique_ptr<SharedFile> open_file(const std::filesystem::path&, bool) override {
    assert(false && "one process writes its own files");
    return nullptr;
  }

 private:
  static std::unique_ptr<Transfer> nobody() {
    assert(false && "there is no other rank");
    return nullptr;
  }
};

}  // namespace

void wait_for(Communicator::Transfer& transfer) {
  while (!transfer.done()) std::this_thread::yield();
}

void wait_for(Communicator::Transfers& transfers) {
  const auto take_arrived = [&] { std::erase_if(transfers, [](const auto& transfer) { return transfer->done(); }); };
  for (take_arrived(); !transfers.empty(); take_arrived()) std::this_thread::yield();
}

Communicator& alone() {
  static Alone instance;
  return instance;
}

std::vector<std::size_t> equal_shares(std::size_t count, int ranks) {
  const auto size = static_cast<std::size_t>(ranks);
  std::vector<std::size_t> begins(size + 1);
  for (std::size_t r = 0; r <= size; ++r) begins[r] = count * r / size;
  return begins;
}

std::vector<std::size_t> weighted_shares(std::span<const double> weights, std::size_t block, int ranks) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<std::size_t> begins = {0};
  double before = 0;
  for (std::size_t first = 0; first < weights.size(); first += block) {
    // A block goes to the rank whose share its middle lies in.
    const auto own = weights.subspan(first, std::min(block, weights.size() - first));
    const double weight = std::accumulate(own.begin(), own.end(), 0.0);
    const double middle = before + weight / 2;
    while (static_cast<int>(begins.size()) < ranks && middle >= sum * static_cast<double>(begins.size()) / ranks)
      begins.push_back(first);
    before += weight;
  }
  begins.resize(static_cast<std::size_t>(ranks) + 1, weights.size());
  return begins;
}

void exchange(Communicator& ranks, std::span<const std::span<const std::byte>> outgoing,
              std::span<const std::span<std::byte>> incoming) {
  Communicator::Transfers transfers;
  for (int away = 1; away < ranks.size(); ++away) {  // nobody is everybody's first
    const int to = (ranks.rank() + away) % ranks.size();
    const int from = (ranks.rank() + ranks.size() - away) % ranks.size();
    if (!incoming[from].empty()) transfers.push_back(ranks.receive(incoming[from], from));
    if (!outgoing[to].empty()) transfers.push_back(ranks.send(outgoing[to], to));
  }
  wait_for(transfers);
}

void add_up(Communicator& ranks, std::span<std::uint32_t> counts) {
  if (ranks.size() == 1) return;
  const std::vector<std::size_t> begins = equal_shares(counts.size(), ranks.size());
  std::vector<std::vector<std::uint32_t>> outgoing;
  outgoing.reserve(static_cast<std::size_t>(ranks.size()));
  for (int to = 0; to < ranks.size(); ++to)
    outgoing.emplace_back(counts.begin() + static_cast<std::ptrdiff_t>(begins[to]),
                          counts.begin() + static_cast<std::ptrdiff_t>(begins[to + 1]));
  const std::vector<std::uint32_t> received = exchanged(ranks, outgoing);
  const std::size_t first = begins[ranks.rank()];
  const std::size_t own = begins[ranks.rank() + 1] - first;
  std::fill_n(counts.begin() + static_cast<std::ptrdiff_t>(first), own, 0U);
  const std::uint32_t* next = received.data();
  for (int from = 0; from < ranks.size(); ++from)
    for (std::size_t k = 0; k < own; ++k) counts[first + k] += *next++;
  gather_rows(ranks, counts.data(), 1, begins);
}

std::uint64_t sum_of(Communicator& ranks, std::uint64_t own) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(ranks.size()));
  all[static_cast<std::size_t>(ranks.rank())] = own;
  gather_rows(ranks, all.data(), 1, equal_shares(all.size(), ranks.size()));
  return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

}  // namespace frugal
