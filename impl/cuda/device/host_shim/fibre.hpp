// A fibre: a function with a stack of its own that can be left in its middle and entered again. x86-64 only, as the cpu
// back end is: a switch is a dozen instructions, where swapcontext makes two system calls.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace frugal::cuda::host_shim {

/// Thrown in a fibre by leave() when it is cancelled; the function lets it pass or catches it last.
struct Cancelled {};

class Fibre {
 public:
  Fibre();
  ~Fibre();
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;

  /// Gives it a function, which must not let an exception out; it runs from the first enter(). Not while one runs.
  void start(std::function<void()> function);
  /// From outside: runs the function up to its next leave() or its end.
  void enter();
  /// From inside: back to who entered.
  void leave();
  /// From outside: makes leave() throw Cancelled, until the function has ended. One that never ran is forgotten.
  void cancel();

 private:
  static void entry();
  void run();
  void switch_to_outside();

  std::byte* stack_;
  std::function<void()> function_;
  bool begun_ = false;
  bool ended_ = true;
  bool cancelled_ = false;
  void* inside_ = nullptr;   ///< stack pointer of the fibre while it is left
  void* outside_ = nullptr;  ///< of who entered
  // What AddressSanitizer wants to know of a switch.
  void* fake_stack_ = nullptr;
  const void* outside_stack_ = nullptr;
  std::size_t outside_size_ = 0;
};

}  // namespace frugal::cuda::host_shim
