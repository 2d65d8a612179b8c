// The mpi back end of a build without it.
#include "impl/api/not_compiled.hpp"

#include "impl/mpi/backend.hpp"

namespace frugal::mpi {

const Backend& backend() {
  static const NotCompiled instance("mpi", "the cpu back end in several processes, by Open MPI", FRUGAL_WHY_NOT);
  return instance;
}

}  // namespace frugal::mpi
