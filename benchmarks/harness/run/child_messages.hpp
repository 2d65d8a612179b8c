// The child's end of what it and the run's process tell each other.
#pragma once
#include "benchmarks/harness/run/message.hpp"

namespace frugal::harness {

/// The descriptor that a child inherits for its messages. The request comes on standard input.
inline constexpr int child_message_fd = 3;

/// Throws UserError: nobody but the program itself may call a hidden verb.
[[noreturn]] void refuse_foreign_caller(const char* verb);

/// All of standard input as JSON, null where that is none. From here on the descriptor is not inherited further.
Json request_of_parent();

/// One line. The parent going away is not this process's business: it dies with it (PR_SET_PDEATHSIG).
void send_to_parent(const CellMessage& message);

}  // namespace frugal::harness
