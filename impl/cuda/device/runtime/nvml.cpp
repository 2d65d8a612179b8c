// NVML through dlopen: it comes with the driver and not with the toolkit, so nothing may link it. Declared here are the
// few functions used, from NVIDIA's NVML API reference; their versioned names are stable.
#include "impl/cuda/device/runtime/nvml.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <memory>

namespace frugal::cuda {
namespace {

using NvmlDevice = void*;
constexpr int nvml_success = 0;
constexpr int nvml_clock_sm = 1;
constexpr int nvml_clock_memory = 2;

struct Library {
  explicit Library(void* handle) : handle_(handle) {}

  template <class... Arguments>
  bool call(const char* name, Arguments... arguments) const {
    auto* const function = reinterpret_cast<int (*)(Arguments...)>(::dlsym(handle_, name));
    return function != nullptr && function(arguments...) == nvml_success;
  }

 private:
  void* handle_;
};

std::string throttle_text(unsigned long long reasons) {
  // nvmlClocksEventReason* of the reference.
  constexpr std::pair<unsigned long long, const char*> names[] = {
      {0x1, "idle"},           {0x2, "clocks set by the user"}, {0x4, "software power cap"}, {0x8, "hardware slowdown"},
      {0x10, "sync boost"},    {0x20, "software thermal"},      {0x40, "hardware thermal"},  {0x80, "power brake"},
      {0x100, "display clock"}};
  std::string text;
  for (const auto& [bit, name] : names)
    if ((reasons & bit) != 0) text += (text.empty() ? "" : "; ") + std::string(name);
  return text.empty() ? "none" : text;
}

DeviceFacts facts_of(const Library& nvml, NvmlDevice device) {
  DeviceFacts facts;
  char driver[96] = {};
  if (nvml.call("nvmlSystemGetDriverVersion", static_cast<char*>(driver), unsigned{sizeof driver}))
    facts.emplace_back("driver", driver);
  const auto clock = [&](const char* call, int domain, const char* fact) {
    unsigned mhz = 0;
    if (nvml.call(call, device, domain, &mhz)) facts.emplace_back(fact, std::to_string(mhz));
  };
  clock("nvmlDeviceGetClockInfo", nvml_clock_sm, "SM clock MHz");
  clock("nvmlDeviceGetMaxClockInfo", nvml_clock_sm, "SM clock limit MHz");
  clock("nvmlDeviceGetClockInfo", nvml_clock_memory, "memory clock MHz");
  unsigned milliwatts = 0;
  if (nvml.call("nvmlDeviceGetEnforcedPowerLimit", device, &milliwatts))
    facts.emplace_back("power limit W", fmt::format("{:.0f}", milliwatts / 1000.0));
  if (nvml.call("nvmlDeviceGetPowerUsage", device, &milliwatts))
    facts.emplace_back("power W", fmt::format("{:.0f}", milliwatts / 1000.0));
  unsigned celsius = 0;
  if (nvml.call("nvmlDeviceGetTemperature", device, 0, &celsius))
    facts.emplace_back("temperature C", std::to_string(celsius));
  unsigned long long reasons = 0;
  if (nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", device, &reasons))
    facts.emplace_back("throttled by", throttle_text(reasons));
  return facts;
}

}  // namespace

DeviceFacts nvml_facts(const char* pci_bus_id) {
  const std::unique_ptr<void, int (*)(void*)> handle(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL), ::dlclose);
  if (!handle) return {{"NVML", "not here: no clocks, power or throttling (libnvidia-ml.so.1 comes with the driver)"}};
  const Library nvml(handle.get());
  if (!nvml.call("nvmlInit_v2")) return {{"NVML", "refused to start: no clocks, power or throttling"}};
  NvmlDevice device = nullptr;
  DeviceFacts facts = {{"NVML", "does not know the device at " + std::string(pci_bus_id)}};
  if (nvml.call("nvmlDeviceGetHandleByPciBusId_v2", pci_bus_id, &device)) facts = facts_of(nvml, device);
  nvml.call("nvmlShutdown");
  return facts;
}

}  // namespace frugal::cuda
