// MPI behind the interface of the models: the only file that sees its header.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "impl/common/communicator.hpp"

namespace frugal::mpi {

/// All ranks of a job that mpirun or srun started, and this one among them.
class World : public Communicator {
 public:
  /// Names of the hosts of all ranks.
  virtual const std::vector<std::string>& hosts() const = 0;
  /// Ends the job, this process too, as a failure.
  virtual void abort() = 0;
  /// Leaves MPI; all ranks do. Nothing may follow.
  virtual void leave() = 0;
};

/// Joins. Null: this process was not started as a rank. To be called once.
std::unique_ptr<World> join_world();

/// "4.1.4" of Open MPI; of another library its own first line.
std::string version();

}  // namespace frugal::mpi
