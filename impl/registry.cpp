#include "impl/api/backend.hpp"
#include "impl/cpu/backend.hpp"
#include "impl/cuda/backend.hpp"
#include "impl/reference/backend.hpp"

namespace frugal {

const std::vector<const Backend*>& backends() {
  static const std::vector<const Backend*> all = {&reference::backend(), &cpu::backend(), &cuda::backend()};
  return all;
}

const Backend* find_backend(std::string_view name) {
  for (const Backend* backend : backends())
    if (backend->name() == name) return backend;
  return nullptr;
}

}  // namespace frugal
