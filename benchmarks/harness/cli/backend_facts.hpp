// What the back ends say of themselves, as JSON for the record: the harness itself sees no back end.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// {name: {fact: value}} of those that can run here; {name: {"unavailable": reason}} of the others.
Json backend_facts();

/// {library: version}: the facts that name a library.
Json library_versions(const Json& backends);

}  // namespace frugal::harness
