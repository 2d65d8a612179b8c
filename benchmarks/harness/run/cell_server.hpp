// The process that those of cells are forked from. It is this program, started once with the environment of the cells, that
// has done nothing yet: loading the program takes several milliseconds, a fork of it less than one. Before the fork no
// thread may be started and no device touched, neither of which a fork survives.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "impl/base/descriptor.hpp"

namespace frugal::harness {

/// What a cell's process is given.
struct CellDescriptors {
  int request;   ///< its standard input
  int talk;      ///< its standard output and error
  int messages;  ///< its child_message_fd
};

/// What a server is started with.
struct ServerSettings {
  const char* verb;         ///< hidden: cell_verb, limits_verb
  int threads = 0;          ///< OMP_NUM_THREADS
  std::string isa{};        ///< Limits::isa
  std::vector<int> cpus{};  ///< each thread is bound to one of these; empty: to none

  bool operator==(const ServerSettings&) const = default;
};

/// The runner's side. One cell at a time, and for the thread that made it: the server dies with that.
class CellServer {
 public:
  explicit CellServer(ServerSettings settings);
  /// The process ends; a cell that still runs is killed.
  ~CellServer();
  CellServer(const CellServer&) = delete;
  CellServer& operator=(const CellServer&) = delete;

  bool is_for(const ServerSettings& settings) const { return settings == settings_; }

  /// The process of a new cell, in a group of its own; memory_gib as in run_child(), 0: no limit. Of a cell of several
  /// ranks it is the one that starts these. Nothing: the server is gone.
  std::optional<pid_t> start(const CellDescriptors& descriptors, double memory_gib, int ranks);

  struct End {
    int status = 0;         ///< as wait() tells it
    double peak_bytes = 0;  ///< largest resident memory
  };
  /// How the cell ended, once it has: fd() is readable then. Killed, where the server itself was.
  std::optional<End> ended();
  int fd() const { return socket_.get(); }
  /// How the server itself ended: after a start() that it did not answer.
  End own_end();

 private:
  ServerSettings settings_;
  Descriptor socket_;
  pid_t pid_ = -1;
};

/// The server's side, on standard input: forks a process for each cell that is asked for, and returns in each of them how
/// many ranks the cell has. Ends the process when the runner is gone. Nothing: standard input is no runner's.
std::optional<int> serve_cells();

}  // namespace frugal::harness
