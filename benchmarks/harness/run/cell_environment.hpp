// What is fixed for a process when it starts, before a line of the program runs.
#pragma once
#include <string>
#include <vector>

namespace frugal::harness {

struct CellEnvironment {
  int threads = 0;          ///< OMP_NUM_THREADS
  std::string isa{};        ///< Limits::isa
  std::vector<int> cpus{};  ///< that the threads are bound to, one each; empty: they are not

  auto operator<=>(const CellEnvironment&) const = default;

  /// "NAME=value": our own variables, with the settings of OpenMP that a fair clock needs.
  std::vector<std::string> variables() const;
};

}  // namespace frugal::harness
