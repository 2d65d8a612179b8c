// What the back ends say of themselves, as JSON for the record: the harness itself sees no back end.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// {name: {fact: value}} of those that can run here; {name: {"unavailable": reason}} of the others.
Json backend_facts();

/// {library: version}, of the back ends that can run here.
Json library_versions();

}  // namespace frugal::harness
