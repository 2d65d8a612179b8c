// Is this machine fit to measure times now? What `frugal doctor` and a run that measures say before it begins.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace frugal::harness {

/// What would spoil the times of cells with so many threads on these processors, a sentence each without its full stop:
/// other work, a clock that follows the load, a virtual machine whose host is busy, too few processors, heat. Empty:
/// nothing that can be read here. `root`: of the file system; tests have one of their own.
std::vector<std::string> measuring_obstacles(int threads, const std::set<int>& processors,
                                             const std::filesystem::path& root = "/");

}  // namespace frugal::harness
