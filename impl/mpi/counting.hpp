// What the ranks of a job compute, and what travels between them: for the question how many ranks are worth their while.
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "impl/common/communicator.hpp"

namespace frugal::mpi {

/// Of one rank, since its job began.
struct RankCounts {
  double cpu_s = 0;     ///< its processors' time but for that of the thread that sends and receives, while it does
  double bytes = 0;     ///< that reached it, or of a broadcast that left it
  double messages = 0;  ///< that it waited for, one after the other: of a broadcast those of a binary tree
};

/// Passes everything on to other ranks, and counts it.
class Counting final : public Communicator {
 public:
  explicit Counting(Communicator& ranks);

  int rank() const override { return ranks_.rank(); }
  int size() const override { return ranks_.size(); }
  void broadcast(std::span<std::byte> data) override;
  void announce(std::span<std::byte> data) override;
  void all_gather(std::span<std::byte> data, std::span<const std::size_t> begins) override;
  std::unique_ptr<Transfer> send(std::span<const std::byte> data, int to) override;
  std::unique_ptr<Transfer> receive(std::span<std::byte> data, int from) override;
  std::unique_ptr<SharedFile> open_file(const std::filesystem::path& file, bool to_write) override {
    return ranks_.open_file(file, to_write);
  }

  RankCounts counts() const;
  /// For what shall not be counted.
  Communicator& uncounted() { return ranks_; }

 private:
  class Counted;

  Communicator& ranks_;
  double before_s_;  ///< processors' time of the process when the job began
  double travelling_s_ = 0;
  double bytes_ = 0;
  double messages_ = 0;
};

}  // namespace frugal::mpi
