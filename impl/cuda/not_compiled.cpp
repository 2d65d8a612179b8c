// The cuda back end of a build without nvcc.
#include "impl/api/not_compiled.hpp"

#include "impl/cuda/backend.hpp"

namespace frugal::cuda {

const Backend& backend() {
  static const NotCompiled instance("cuda", "CUDA", "nvcc was not found when this program was configured");
  return instance;
}

}  // namespace frugal::cuda
