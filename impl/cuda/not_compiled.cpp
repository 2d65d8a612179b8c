// The cuda back end of a build without it.
#include "impl/api/not_compiled.hpp"

#include "impl/cuda/backend.hpp"

namespace frugal::cuda {

const Backend& backend() {
  static const NotCompiled instance("cuda", "CUDA", FRUGAL_WHY_NOT);
  return instance;
}

}  // namespace frugal::cuda
