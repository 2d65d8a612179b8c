#include "impl/api/backend.hpp"
#include "impl/cpu/backend.hpp"
#include "impl/cuda/backend.hpp"
#include "impl/mpi/backend.hpp"
#include "impl/reference/backend.hpp"

namespace frugal {

const std::vector<const Backend*>& backends() {
  static const std::vector<const Backend*> all = {&reference::backend(), &cpu::backend(), &cuda::backend(),
                                                  &mpi::backend()};
  return all;
}

}  // namespace frugal
