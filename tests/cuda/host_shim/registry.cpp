// The back ends of test_cuda_on_cpu: `cuda` is the shim's. The program's registry does not know it.
#include "impl/api/backend.hpp"
#include "impl/cuda/backend.hpp"
#include "impl/reference/backend.hpp"

namespace frugal {

const std::vector<const Backend*>& backends() {
  static const std::vector<const Backend*> all = {&reference::backend(), &cuda::backend()};
  return all;
}

const Backend* find_backend(std::string_view name) {
  for (const Backend* backend : backends())
    if (backend->name() == name) return backend;
  return nullptr;
}

}  // namespace frugal
