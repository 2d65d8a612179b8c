#include "impl/mpi/counting.hpp"

#include <bit>
#include <utility>

#include "impl/base/cpu_time.hpp"

namespace frugal::mpi {
namespace {

/// Adds the processor's time of this thread to a sum as long as it lives.
class Travelling {
 public:
  explicit Travelling(double& sum) : sum_(sum), before_(cpu_seconds_of_thread()) {}
  Travelling(const Travelling&) = delete;
  Travelling& operator=(const Travelling&) = delete;
  ~Travelling() { sum_ += cpu_seconds_of_thread() - before_; }

 private:
  double& sum_;
  double before_;
};

/// Levels of a binary tree of so many ranks.
double levels(int ranks) { return std::bit_width(static_cast<unsigned>(ranks - 1)); }

}  // namespace

class Counting::Counted final : public Transfer {
 public:
  Counted(std::unique_ptr<Transfer> transfer, double& travelling_s)
      : transfer_(std::move(transfer)), travelling_s_(travelling_s) {}

  bool done() override {
    const Travelling travelling(travelling_s_);
    return transfer_->done();
  }

 private:
  std::unique_ptr<Transfer> transfer_;
  double& travelling_s_;
};

Counting::Counting(Communicator& ranks) : ranks_(ranks), before_s_(cpu_seconds_of_process()) {}

void Counting::broadcast(std::span<std::byte> data) {
  const Travelling travelling(travelling_s_);
  bytes_ += static_cast<double>(data.size());
  messages_ += levels(size());
  ranks_.broadcast(data);
}

void Counting::announce(std::span<std::byte> data) {
  const Travelling travelling(travelling_s_);
  bytes_ += static_cast<double>(data.size());
  messages_ += levels(size());
  ranks_.announce(data);
}

void Counting::all_gather(std::span<std::byte> data, std::span<const std::size_t> begins) {
  const Travelling travelling(travelling_s_);
  const auto own = static_cast<std::size_t>(rank());
  bytes_ += static_cast<double>(data.size() - (begins[own + 1] - begins[own]));
  messages_ += size() - 1;
  ranks_.all_gather(data, begins);
}

std::unique_ptr<Communicator::Transfer> Counting::send(std::span<const std::byte> data, int to) {
  const Travelling travelling(travelling_s_);
  return std::make_unique<Counted>(ranks_.send(data, to), travelling_s_);
}

std::unique_ptr<Communicator::Transfer> Counting::receive(std::span<std::byte> data, int from) {
  const Travelling travelling(travelling_s_);
  bytes_ += static_cast<double>(data.size());
  messages_ += 1;
  return std::make_unique<Counted>(ranks_.receive(data, from), travelling_s_);
}

RankCounts Counting::counts() const {
  return {cpu_seconds_of_process() - before_s_ - travelling_s_, bytes_, messages_};
}

}  // namespace frugal::mpi
