// Ranks that are threads of the test, so that what several processes do can be tested in one.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "impl/common/communicator.hpp"

namespace frugal::test {

class ThreadRanks {
 public:
  /// body(communicator) of every rank, in a thread each.
  template <class Body>
  static void run(int size, const Body& body) {
    ThreadRanks world(size);
    std::vector<std::thread> threads;
    for (int r = 0; r < size; ++r)
      threads.emplace_back([&world, &body, r] {
        Rank rank(world, r);
        body(rank);
      });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  explicit ThreadRanks(int size) : size_(size), barrier_(size), shown_(static_cast<std::size_t>(size)) {}

  using Message = std::vector<std::byte>;
  /// Number of a message from one rank to another.
  using Ticket = std::pair<std::pair<int, int>, int>;

  class Sent final : public Communicator::Transfer {
   public:
    bool done() override { return true; }
  };

  class Receipt final : public Communicator::Transfer {
   public:
    Receipt(ThreadRanks& world, Ticket ticket, std::span<std::byte> data)
        : world_(world), ticket_(ticket), data_(data) {}
    bool done() override {
      if (done_) return true;
      const std::lock_guard lock(world_.mutex_);
      const auto found = world_.messages_.find(ticket_);
      if (found == world_.messages_.end()) return false;
      std::ranges::copy(found->second, data_.begin());
      world_.messages_.erase(found);
      return done_ = true;
    }

   private:
    ThreadRanks& world_;
    Ticket ticket_;
    std::span<std::byte> data_;
    bool done_ = false;
  };

  class File final : public SharedFile {
   public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    bool write(const Rows& rows, std::span<const std::byte> values) override {
      return each(rows, [&](std::uint64_t k, off_t at) {
        return ::pwrite(descriptor_, values.data() + k * rows.bytes, rows.bytes, at);
      });
    }
    bool read(const Rows& rows, std::span<std::byte> values) override {
      return each(rows, [&](std::uint64_t k, off_t at) {
        return ::pread(descriptor_, values.data() + k * rows.bytes, rows.bytes, at);
      });
    }
    bool close() override { return ::close(descriptor_) == 0; }

   private:
    template <class Body>
    static bool each(const Rows& rows, const Body& body) {
      for (std::uint64_t k = 0; k < rows.count; ++k)
        if (body(k, static_cast<off_t>(rows.begin + k * rows.stride)) != static_cast<ssize_t>(rows.bytes)) return false;
      return true;
    }

    int descriptor_;
  };

  class Rank final : public Communicator {
   public:
    Rank(ThreadRanks& world, int rank) : world_(world), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return world_.size_; }

    void broadcast(std::span<std::byte> data) override {
      std::vector<std::size_t> begins(static_cast<std::size_t>(size()) + 1, data.size());
      begins[0] = 0;
      all_gather(data, begins);
    }

    void all_gather(std::span<std::byte> data, std::span<const std::size_t> begins) override {
      world_.shown_[rank_] = data.data();
      world_.barrier_.arrive_and_wait();
      for (int r = 0; r < size(); ++r)
        if (r != rank_)
          std::copy(world_.shown_[r] + begins[r], world_.shown_[r] + begins[r + 1], data.begin() + begins[r]);
      world_.barrier_.arrive_and_wait();
    }

    std::unique_ptr<Transfer> send(std::span<const std::byte> data, int to) override {
      const std::lock_guard lock(world_.mutex_);
      world_.messages_[{{rank_, to}, sent_[to]++}] = Message(data.begin(), data.end());
      return std::make_unique<Sent>();
    }

    std::unique_ptr<Transfer> receive(std::span<std::byte> data, int from) override {
      return std::make_unique<Receipt>(world_, Ticket{{from, rank_}, received_[from]++}, data);
    }

    std::unique_ptr<SharedFile> open_file(const std::filesystem::path& file, bool to_write) override {
      const int descriptor = ::open(file.c_str(), to_write ? O_WRONLY : O_RDONLY);
      return descriptor < 0 ? nullptr : std::make_unique<File>(descriptor);
    }

   private:
    ThreadRanks& world_;
    int rank_;
    std::map<int, int> sent_;
    std::map<int, int> received_;
  };

  int size_;
  std::barrier<> barrier_;
  std::vector<std::byte*> shown_;
  std::mutex mutex_;
  std::map<Ticket, Message> messages_;
};

}  // namespace frugal::test
