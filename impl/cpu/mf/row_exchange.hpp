// Rows that each rank computes for all, on their way in pieces while it computes the next ones.
#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "impl/common/communicator.hpp"

namespace frugal::cpu {

class RowExchange {
 public:
  /// begins [ranks + 1]: the rows of each rank. Pieces are of whole blocks of `block` rows. With one rank there is one.
  RowExchange(Communicator& ranks, std::span<const std::size_t> begins, std::size_t block)
      : ranks_(ranks), begins_(begins), block_(block) {}

  std::size_t pieces() const { return ranks_.size() == 1 ? 1 : 8; }
  /// Where a piece of this rank begins; of the number behind the last one: where that ends.
  std::size_t begin(std::size_t piece) const { return begin(ranks_.rank(), piece); }

  /// A piece of `rows`, which have `width` values each, has been computed, here as elsewhere.
  void post(float* rows, std::size_t width, std::size_t piece) {
    const auto bytes = [&](int rank) {
      const std::size_t first = begin(rank, piece);
      return std::as_writable_bytes(std::span(rows + first * width, (begin(rank, piece + 1) - first) * width));
    };
    for (int away = 1; away < ranks_.size(); ++away) {  // nobody is everybody's first
      const int to = (ranks_.rank() + away) % ranks_.size();
      const int from = (ranks_.rank() + ranks_.size() - away) % ranks_.size();
      transfers_.push_back(ranks_.receive(bytes(from), from));
      transfers_.push_back(ranks_.send(bytes(ranks_.rank()), to));
    }
    poll();
  }

  /// Waits for all rows of all ranks.
  void finish() { wait_for(transfers_); }

 private:
  std::size_t begin(int rank, std::size_t piece) const {
    const std::size_t rows = begins_[rank + 1] - begins_[rank];
    const std::size_t blocks = (rows + block_ - 1) / block_;
    return begins_[rank] + std::min(rows, blocks * piece / pieces() * block_);
  }

  void poll() {
    std::erase_if(transfers_, [](const auto& transfer) { return transfer->done(); });
  }

  Communicator& ranks_;
  std::span<const std::size_t> begins_;
  std::size_t block_;
  Communicator::Transfers transfers_;
};

}  // namespace frugal::cpu
