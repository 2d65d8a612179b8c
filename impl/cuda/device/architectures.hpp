// For which devices the kernels of a build were compiled.
#pragma once
#include <string_view>

#include "impl/api/backend.hpp"

namespace frugal::cuda {

/// Whether a device of this compute capability (90 is 9.0) can run kernels compiled for `architectures`: the words of
/// CMAKE_CUDA_ARCHITECTURES with spaces between them. Machine code ("80-real") runs on the capabilities of its generation
/// that are no older, that of one device ("90a-real") on it alone; PTX ("90-virtual") on all that are no older; "80" is
/// both. A word without a number ("all") may be anything.
Support runs_on(int compute_capability, std::string_view architectures);

}  // namespace frugal::cuda
