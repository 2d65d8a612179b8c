// Processes that compute one model together, as the code of a model sees them: who they are, and how data travel.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace frugal {

/// A file that all ranks of a job have open. All of them call each function alike, with rows of their own; each returns
/// whether it went well here.
class SharedFile {
 public:
  /// Row k lies at the bytes from begin + k * stride on. There may be none.
  struct Rows {
    std::uint64_t begin = 0;
    std::uint64_t stride = 0;
    std::uint64_t bytes = 0;  ///< of each
    std::uint64_t count = 0;
  };
  virtual ~SharedFile() = default;
  /// values: of all the rows, one after the other.
  virtual bool write(const Rows& rows, std::span<const std::byte> values) = 0;
  virtual bool read(const Rows& rows, std::span<std::byte> values) = 0;
  /// At last: what was written is on the disk.
  virtual bool close() = 0;
};

/// The ranks of a job, numbered from 0. All of them call the same functions in the same order, and each call returns when
/// this rank's data may be used again. Nothing but copies travels: whoever needs a sum adds by itself, in an order that
/// does not depend on the number of ranks, so that results do not either. Nothing throws: a rank that is lost ends the
/// whole job.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;  ///< of this process
  virtual int size() const = 0;  ///< ranks of the job

  /// `data` of rank 0 to all others, which have as many bytes.
  virtual void broadcast(std::span<std::byte> data) = 0;
  /// The same of a few bytes that the others may wait for long: they leave the processors to those who have work.
  virtual void announce(std::span<std::byte> data) { broadcast(data); }
  /// Completes `data`, of which rank r has the bytes begins[r] ... begins[r + 1] - 1, from 0 on. begins [size + 1] is the
  /// same on all.
  virtual void all_gather(std::span<std::byte> data, std::span<const std::size_t> begins) = 0;

  /// What is on its way while this rank does other things. To be waited for before it goes.
  class Transfer {
   public:
    virtual ~Transfer() = default;
    /// Has it arrived, or may what was sent be changed? Also moves it on; stays true.
    virtual bool done() = 0;
  };
  using Transfers = std::vector<std::unique_ptr<Transfer>>;

  /// To another rank. Those between two ranks arrive in the order in which they were sent.
  virtual std::unique_ptr<Transfer> send(std::span<const std::byte> data, int to) = 0;
  /// From another rank, which sends as many bytes.
  virtual std::unique_ptr<Transfer> receive(std::span<std::byte> data, int from) = 0;

  /// Opens a file that is there, to write or to read. Null where it cannot be opened here.
  virtual std::unique_ptr<SharedFile> open_file(const std::filesystem::path& file, bool to_write) = 0;
};

/// Returns when it has arrived; the processors are free for others meanwhile.
void wait_for(Communicator::Transfer& transfer);
/// The same of all of them; leaves none.
void wait_for(Communicator::Transfers& transfers);

/// One rank, to which nothing travels.
Communicator& alone();

/// `count` things dealt to `ranks` in runs as equal as can be: rank r has begins[r] ... begins[r + 1] - 1: [ranks + 1].
std::vector<std::size_t> equal_shares(std::size_t count, int ranks);

/// The same by weight, none negative: a run ends where its share of the sum is reached. Every run but the last is of
/// whole blocks of `block` things.
std::vector<std::size_t> weighted_shares(std::span<const double> weights, std::size_t block, int ranks);

/// all_gather of rows of `width` values each; begins: of the ranks, in rows.
template <class T>
void gather_rows(Communicator& ranks, T* rows, std::size_t width, std::span<const std::size_t> begins) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (ranks.size() == 1) return;
  const std::size_t first = begins.front();
  std::vector<std::size_t> bytes;
  for (const std::size_t begin : begins) bytes.push_back((begin - first) * width * sizeof(T));
  ranks.all_gather(std::as_writable_bytes(std::span(rows + first * width, (begins.back() - first) * width)), bytes);
}

/// outgoing[r] to rank r, incoming[r] from it, [ranks] each; one's own are left alone. All ranks call this alike.
void exchange(Communicator& ranks, std::span<const std::span<const std::byte>> outgoing,
              std::span<const std::span<std::byte>> incoming);

/// The same where nobody knows how much will come. Returns what all had for this rank, itself included, by sender.
/// of_sender: gets how many are of each.
template <class T>
std::vector<T> exchanged(Communicator& ranks, const std::vector<std::vector<T>>& outgoing,
                         std::vector<std::size_t>* of_sender = nullptr) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto size = static_cast<std::size_t>(ranks.size());
  const auto own = static_cast<std::size_t>(ranks.rank());
  std::vector<std::uint64_t> counts(size * size);  // [from, to]
  for (std::size_t to = 0; to < size; ++to) counts[own * size + to] = outgoing[to].size();
  gather_rows(ranks, counts.data(), size, equal_shares(size, ranks.size()));
  std::size_t total = 0;
  for (std::size_t from = 0; from < size; ++from) {
    total += counts[from * size + own];
    if (of_sender != nullptr) of_sender->push_back(counts[from * size + own]);
  }
  std::vector<T> received(total);
  std::vector<std::span<const std::byte>> leaving;
  std::vector<std::span<std::byte>> arriving;
  T* room = received.data();
  for (std::size_t r = 0; r < size; ++r) {
    const std::span<T> values(room, counts[r * size + own]);
    if (r == own) std::ranges::copy(outgoing[r], values.begin());
    leaving.push_back(std::as_bytes(std::span(outgoing[r])));
    arriving.push_back(std::as_writable_bytes(values));
    room += values.size();
  }
  exchange(ranks, leaving, arriving);
  return received;
}

/// counts[k] becomes the sum of what the ranks had there.
void add_up(Communicator& ranks, std::span<std::uint32_t> counts);

/// The sum of what the ranks have.
std::uint64_t sum_of(Communicator& ranks, std::uint64_t own);

}  // namespace frugal
