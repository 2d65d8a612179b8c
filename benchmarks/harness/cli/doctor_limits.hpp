// `frugal doctor --limits`: what the devices of this machine can do at most.
#pragma once

namespace frugal::harness {

/// Measures and prints the limits of each back end that can run here; of a processor for 1, 2, 4, ... threads and all
/// that a cell would use. Returns an exit code.
int print_limits();

}  // namespace frugal::harness
