#pragma once
#include "impl/api/backend.hpp"

namespace frugal::cuda {

/// Driver, clocks, power limit and what throttles the device at this PCI bus id, from libnvidia-ml.so.1, which is
/// loaded at run time; one fact that says why when it is not there or refuses.
DeviceFacts nvml_facts(const char* pci_bus_id);

/// Energy, clock and temperature of the device at this PCI bus id; nothing that the library does not tell. It stays
/// loaded after the first call, which must name the same device as all others.
DeviceReadings nvml_readings(const char* pci_bus_id);

}  // namespace frugal::cuda
