#pragma once
#include "impl/api/backend.hpp"

namespace frugal::cuda {

/// Driver, clocks, power limit and what throttles the device at this PCI bus id, from libnvidia-ml.so.1, which is
/// loaded at run time; one fact that says why when it is not there or refuses.
DeviceFacts nvml_facts(const char* pci_bus_id);

}  // namespace frugal::cuda
