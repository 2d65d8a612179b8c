// The cpu back end of a build without oneDNN.
#include "impl/api/not_compiled.hpp"

#include "impl/cpu/backend.hpp"

namespace frugal::cpu {

const Backend& backend() {
  static const NotCompiled instance("cpu", "oneDNN and OpenMP", "this program was configured with FRUGAL_ONEDNN=OFF");
  return instance;
}

}  // namespace frugal::cpu
