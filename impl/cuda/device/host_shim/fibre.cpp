#include "impl/cuda/device/host_shim/fibre.hpp"

#include <sys/mman.h>

#include <cassert>
#include <cstdint>
#include <system_error>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

static_assert(sizeof(void*) == 8, "the switch below is for x86-64");

// Saves the registers that a call keeps and the stack pointer to *left, and goes on where `entered` was left.
extern "C" void frugal_fibre_switch(void** left, void* entered);
asm(R"(
.text
.globl frugal_fibre_switch
.type frugal_fibre_switch, @function
frugal_fibre_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size frugal_fibre_switch, .-frugal_fibre_switch
)");

namespace frugal::cuda::host_shim {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t stack_bytes = 64 * page;  // committed as it is used; the page below it faults

Fibre* entered = nullptr;

void begin_switch([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* stack,
                  [[maybe_unused]] std::size_t size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake_stack, stack, size);
#endif
}

void end_switch([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** stack,
                [[maybe_unused]] std::size_t* size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, stack, size);
#endif
}

}  // namespace

Fibre::Fibre() {
  void* const memory = ::mmap(nullptr, page + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || ::mprotect(memory, page, PROT_NONE) != 0)
    throw std::system_error(errno, std::generic_category(), "stack of a fibre");
  stack_ = static_cast<std::byte*>(memory) + page;
}

Fibre::~Fibre() { ::munmap(stack_ - page, page + stack_bytes); }

void Fibre::start(std::function<void()> function) {
  assert(ended_);
  function_ = std::move(function);
  begun_ = ended_ = cancelled_ = false;
  fake_stack_ = nullptr;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(stack_, stack_bytes);
#endif
  // As if frugal_fibre_switch had been called by a function that returns to entry(), which finds the stack aligned as a
  // call leaves it.
  auto* top = reinterpret_cast<std::uintptr_t*>(stack_ + stack_bytes);
  *--top = 0;  // entry() never returns; keeps the alignment
  *--top = reinterpret_cast<std::uintptr_t>(&Fibre::entry);
  for (int saved = 0; saved < 6; ++saved) *--top = 0;
  inside_ = top;
}

void Fibre::enter() {
  assert(!ended_ && entered == nullptr);
  begun_ = true;
  entered = this;
  void* fake_stack = nullptr;
  begin_switch(&fake_stack, stack_, stack_bytes);
  frugal_fibre_switch(&outside_, inside_);
  end_switch(fake_stack, nullptr, nullptr);
  entered = nullptr;
  if (ended_) function_ = nullptr;
}

void Fibre::leave() {
  if (!cancelled_) switch_to_outside();
  if (cancelled_) throw Cancelled{};
}

void Fibre::cancel() {
  cancelled_ = true;
  if (!begun_) ended_ = true;
  while (!ended_) enter();
  function_ = nullptr;
}

void Fibre::entry() {
  Fibre& self = *entered;
  end_switch(nullptr, &self.outside_stack_, &self.outside_size_);
  self.run();
}

void Fibre::run() {
  function_();
  ended_ = true;
  begin_switch(nullptr, outside_stack_, outside_size_);  // null: this stack's fake frames go
  frugal_fibre_switch(&inside_, outside_);
  std::abort();  // nobody enters a fibre that has ended
}

void Fibre::switch_to_outside() {
  begin_switch(&fake_stack_, outside_stack_, outside_size_);
  frugal_fibre_switch(&inside_, outside_);
  end_switch(fake_stack_, &outside_stack_, &outside_size_);
}

}  // namespace frugal::cuda::host_shim
