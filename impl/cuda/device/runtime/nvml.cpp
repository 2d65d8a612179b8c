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

/// Of the reasons below those of power and heat.
constexpr unsigned long long slowing_reasons = 0x4 | 0x8 | 0x20 | 0x40 | 0x80;

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
  unsigned long long millijoules = 0;
  const bool counts = nvml.call("nvmlDeviceGetTotalEnergyConsumption", device, &millijoules);
  facts.emplace_back("energy", counts ? "counted" : "not counted: the device has no such counter (it came with Volta)");
  return facts;
}

/// The library, started, for one device.
class Session {
 public:
  explicit Session(const char* pci_bus_id)
      : handle_(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)), library_(handle_.get()) {
    if (!handle_) {
      why_not_ = "not here: no clocks, power or throttling (libnvidia-ml.so.1 comes with the driver)";
    } else if (!library_.call("nvmlInit_v2")) {
      why_not_ = "refused to start: no clocks, power or throttling";
    } else {
      started_ = true;
      if (!library_.call("nvmlDeviceGetHandleByPciBusId_v2", pci_bus_id, &device_))
        why_not_ = "does not know the device at " + std::string(pci_bus_id);
    }
  }
  ~Session() {
    if (started_) library_.call("nvmlShutdown");
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Why the device cannot be asked; empty: it can.
  const std::string& why_not() const { return why_not_; }
  const Library& library() const { return library_; }
  NvmlDevice device() const { return device_; }

 private:
  struct Close {
    void operator()(void* handle) const { ::dlclose(handle); }
  };
  std::unique_ptr<void, Close> handle_;
  Library library_;
  bool started_ = false;
  NvmlDevice device_ = nullptr;
  std::string why_not_;
};

}  // namespace

DeviceFacts nvml_facts(const char* pci_bus_id) {
  const Session nvml(pci_bus_id);
  if (!nvml.why_not().empty()) return {{"NVML", nvml.why_not()}};
  return facts_of(nvml.library(), nvml.device());
}

DeviceReadings nvml_readings(const char* pci_bus_id) {
  static const Session nvml(pci_bus_id);
  DeviceReadings readings;
  if (!nvml.why_not().empty()) return readings;
  unsigned long long millijoules = 0;
  if (nvml.library().call("nvmlDeviceGetTotalEnergyConsumption", nvml.device(), &millijoules))
    readings.joules = 1e-3 * static_cast<double>(millijoules);
  unsigned value = 0;
  if (nvml.library().call("nvmlDeviceGetClockInfo", nvml.device(), nvml_clock_sm, &value)) readings.mhz = value;
  if (nvml.library().call("nvmlDeviceGetTemperature", nvml.device(), 0, &value)) readings.celsius = value;
  unsigned long long reasons = 0;
  if (nvml.library().call("nvmlDeviceGetCurrentClocksThrottleReasons", nvml.device(), &reasons))
    readings.throttled = (reasons & slowing_reasons) != 0 ? 1 : 0;
  return readings;
}

}  // namespace frugal::cuda
