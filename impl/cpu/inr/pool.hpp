// Deals the training of an ensemble to threads: any thread takes any part of any network's step that is ready. No
// barrier: a core that another process slows down holds up its network only, and any number of threads has work.
//
// A network of one chunk of points has steps that one thread takes whole, several in a row (a turn), so that its
// weights, gradient and Adam state stay in that core's L2. One of several chunks has steps in two phases: a gradient
// for each chunk, then blocks of the parameters, in each of which the chunks' gradients are added in order and Adam
// follows. Who finishes the last part of a phase makes the next one ready. What a part computes depends on the spec
// alone, so the bits do not depend on who takes it, or when.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace frugal::cpu {

struct InrPoolSizes {
  std::int64_t networks;
  int chunks;  ///< of the points of a network
  int blocks;  ///< of the parameters of a network
  int steps;
  int threads;

  /// Networks of several chunks that are trained at a time: each needs memory for the gradients of its chunks. Enough
  /// that every thread finds a chunk while one network is between two steps.
  int slots() const;
};

class InrPool {
 public:
  enum class Kind { turn, chunk, block };
  struct Task {
    Kind kind;
    std::int64_t network;
    int slot;  ///< of the network, unless it is a turn
    int step;
    int end;   ///< one behind the last step: of a turn several
    int part;  ///< which chunk or block
  };

  /// `spin`: whether each thread has a core of its own, so that waiting for a moment may keep it busy.
  explicit InrPool(const InrPoolSizes& sizes, bool spin = false);

  /// A task for this thread; waits for one. Nothing when there is no more for it to do.
  std::optional<Task> next(int thread);
  /// The same without waiting: nothing also where a task will be ready later.
  std::optional<Task> take(int thread);

  /// The task is done. True: its network's step (or turn) is complete with it, and waits for `release`.
  bool finish(const Task& task);
  /// Of a network whose step is complete: the steps behind it, unless it is to stop here.
  void release(const Task& task, bool stop);

 private:
  struct Waiting {
    std::int64_t network;
    int step;  ///< its next
  };
  /// A network that is being trained.
  struct Slot {
    std::int64_t network = -1;
    int step = 0;
    Kind phase = Kind::chunk;
    int taken = 0;     ///< parts of the phase
    int finished = 0;  ///< the same
  };

  int parts(Kind phase) const { return phase == Kind::chunk ? sizes_.chunks : sizes_.blocks; }
  std::optional<Task> take_turn();
  std::optional<Task> take_part(int thread);
  /// Gives the slot to the network that waits longest, for its next step.
  void open(Slot& slot);
  void changed();

  InrPoolSizes sizes_;
  std::int64_t whole_ = 0;       ///< networks that a thread takes for all steps: the first of those of one chunk
  std::int64_t taken_ = 0;       ///< of these
  std::int64_t done_ = 0;        ///< networks
  std::deque<Waiting> waiting_;  ///< networks in nobody's hands and in no slot
  std::vector<Slot> slots_;      ///< of networks of several chunks
  std::vector<int> slot_of_;     ///< of each thread's last task
  int spins_;
  std::mutex mutex_;
  std::condition_variable waiting_threads_;
  std::atomic<std::uint64_t> changes_{0};  ///< how often tasks have become ready
};

}  // namespace frugal::cpu
