// The mpi back end of a build without it.
#include "impl/api/not_compiled.hpp"

#include "impl/mpi/backend.hpp"

namespace frugal::mpi {

const Backend& backend() {
  static const NotCompiled instance("mpi", "the cpu back end in several processes, by Open MPI",
                                    "no MPI (libopenmpi-dev), or no cpu back end, was there when the program was "
                                    "configured (FRUGAL_MPI, FRUGAL_ONEDNN)");
  return instance;
}

}  // namespace frugal::mpi
