// Who computes: rank 0 runs the program, and has the models that it knows; the other ranks follow. For each model of rank
// 0 they have one of the same spec, and call of it what rank 0 calls, with the same arguments, so that the ranks meet in
// what these calls say to each other.
#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/job.hpp"
#include "impl/mpi/counting.hpp"

namespace frugal::mpi {

/// What the followers are to do.
enum class Call : std::uint32_t {
  end,             ///< return from follow()
  make_inr,        ///< a model of this kind, whose spec follows
  make_mf,         ///< likewise
  make_two_tower,  ///< likewise
  make_dlrm,       ///< likewise
  see,             ///< is it the file that rank 0 sees?
  save,            ///< to a file that all see
  load_state,      ///< from a file that all see
  drop,            ///< forget the model, or the loaded sequence
  load,            ///< a part of a sequence, which follows
  lend,            ///< from this block on of a loaded sequence, to rank 0
  set_data,        ///< learn from the loaded sequence of this number, or, where it is 0, from what follows
  import_state,    ///< the state follows
  train,           ///< by `number` epochs or steps
  evaluate,        ///< at points that follow
  rank,            ///< help with what items are ranked by
  export_state,
  count  ///< say what it did: Team::heaviest()
};

/// As it travels.
struct Order {
  Call call = Call::end;
  std::uint32_t model = 0;   ///< number of the model or loaded sequence, from 1
  std::uint64_t number = 0;  ///< argument of the call
};

/// A follower's model.
class Follower {
 public:
  virtual ~Follower() = default;
  virtual void obey(const Order& order) = 0;
};

/// What body throws because of what it was given is only kept: all ranks throw it, and rank 0 tells of it.
void obey_or_refuse(const std::function<void()>& body, std::exception_ptr* refused = nullptr);

/// The ranks of a job as the models of rank 0 see them.
class Team {
 public:
  explicit Team(Communicator& ranks) : ranks_(ranks), last_(static_cast<std::size_t>(ranks.size())) {}
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  Communicator& ranks() { return ranks_; }

  /// Rank 0: the followers begin the call; then `body` does rank 0's part of it, arguments first.
  template <class Body>
  auto call(const Order& order, Body&& body) {
    send(order);
    busy_ = true;  // stays so when the body throws: the followers then wait for what will not come
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      busy_ = false;
    } else {
      auto result = body();
      busy_ = false;
      return result;
    }
  }

  /// call() of a body that all ranks refuse alike, or none: an error of what it is given leaves this when the others wait
  /// for the next call again (obey_or_refuse()).
  template <class Body>
  auto call_or_refuse(const Order& order, Body&& body) {
    std::exception_ptr refused;
    std::optional<decltype(body())> result;
    call(order, [&] { obey_or_refuse([&] { result = body(); }, &refused); });
    if (refused) std::rethrow_exception(refused);
    return std::move(*result);
  }

  /// Rank 0: a number for a new model or sequence.
  std::uint32_t new_number() { return ++numbers_; }
  /// Rank 0: Backend::load_together(). A sequence that is spread must not outlive the team.
  PackedPairs load(const std::string& request, const std::function<PackedPairs(Communicator&)>& load);
  /// Another rank: its part of the loaded sequence of this number.
  const PackedPairs& loaded(std::uint64_t number) const { return loaded_.at(static_cast<std::uint32_t>(number)); }
  /// Rank 0: an exception has left a call.
  bool busy() const { return busy_; }
  /// Rank 0: the sum over the times between calls of this, of each count that of the rank which had most of it. Not when
  /// busy().
  RankCounts heaviest();
  /// Rank 0: the followers return. Not when busy().
  void end() { send({}); }

  /// Makes a follower's model: takes the spec from the ranks.
  using Maker = std::function<std::unique_ptr<Follower>(Team& team)>;
  /// Every other rank: obeys until the end.
  void follow(const std::map<Call, Maker>& makers, const LoadPart& load);

 private:
  class Lender;

  void send(Order order);
  void load_part(const Order& order, const LoadPart& load);
  void lend(const Order& order);
  std::vector<RankCounts> counts_of_all();

  Counting ranks_;
  std::vector<RankCounts> last_;  ///< of all ranks, when heaviest() was called last
  RankCounts heaviest_{};
  std::uint32_t numbers_ = 0;
  std::map<std::uint32_t, PackedPairs> loaded_;  ///< of every other rank
  bool busy_ = false;
};

}  // namespace frugal::mpi
