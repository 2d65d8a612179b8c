// The device layer by the CUDA runtime.
#include "impl/cuda/device/device.hpp"

#include <cuda_runtime.h>
#include <fmt/format.h>

#include <atomic>

#include "impl/base/error.hpp"
#include "impl/base/sha256.hpp"
#include "impl/cuda/device/architectures.hpp"
#include "impl/cuda/device/runtime/nvml.hpp"
#include "impl/cuda/device/runtime/staging.hpp"

namespace frugal::cuda {
namespace {

cudaStream_t stream_of(const Stream& stream) { return static_cast<cudaStream_t>(stream.handle()); }

void check(cudaError_t status, const char* call, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or it would be reported again by the next launch
  throw DeviceError(fmt::format("{}{}{}: {} ({})", call, *what == '\0' ? "" : " of ", what, cudaGetErrorString(status),
                                cudaGetErrorName(status)));
}

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

std::string runtime_version() {
  int runtime = 0;
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion", "");
  return version_text(runtime);
}

/// Has this process used the device?
std::atomic<bool> is_in_use = false;

}  // namespace

const char* platform() { return "cuda"; }
std::string platform_description() { return "CUDA"; }

Support device_available() {
  const auto unusable = [](cudaError_t status) {
    cudaGetLastError();
    return Support::no(fmt::format("no usable device: {}", cudaGetErrorString(status)));
  };
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess) {
    const Support refusal = unusable(status);
    int driver = 0;
    const bool known = cudaDriverGetVersion(&driver) == cudaSuccess;
    return known && driver == 0 ? Support::no("no NVIDIA driver is installed") : refusal;
  }
  if (count == 0) return Support::no("no CUDA device on this machine");
  // By its capability: to ask for a kernel would start the device, which is the work of the stage that uses it first.
  int device = 0;
  int major = 0;
  int minor = 0;
  cudaError_t status = cudaGetDevice(&device);
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  if (status != cudaSuccess) return unusable(status);
  return runs_on(10 * major + minor, FRUGAL_CUDA_ARCHITECTURES);
}

DeviceFacts device_facts() {
  DeviceFacts facts;
  int driver = 0;
  check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion", "");
  facts.emplace_back("CUDA runtime", runtime_version());
  facts.emplace_back("CUDA driver", driver == 0 ? "none" : version_text(driver));
  if (!device_available()) return facts;
  int device = 0;
  cudaDeviceProp properties;
  check(cudaGetDevice(&device), "cudaGetDevice", "");
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties", "");
  facts.emplace_back("device", properties.name);
  facts.emplace_back("uuid hash", sha256({properties.uuid.bytes, sizeof properties.uuid.bytes}).substr(0, 12));
  facts.emplace_back("compute capability", fmt::format("{}.{}", properties.major, properties.minor));
  facts.emplace_back("multiprocessors", std::to_string(properties.multiProcessorCount));
  facts.emplace_back("memory GiB",
                     fmt::format("{:.1f}", static_cast<double>(properties.totalGlobalMem) / (1024.0 * 1024 * 1024)));
  char bus_id[32] = {};
  check(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, device), "cudaDeviceGetPCIBusId", "");
  for (auto& fact : nvml_facts(bus_id)) facts.push_back(std::move(fact));
  return facts;
}

DeviceReadings device_readings() {
  if (!is_in_use) return {};  // asking would start the device, which is the work of the stage that uses it first
  static const std::string bus_id = [] {
    int device = 0;
    char text[32] = {};
    check(cudaGetDevice(&device), "cudaGetDevice", "");
    check(cudaDeviceGetPCIBusId(text, sizeof text, device), "cudaDeviceGetPCIBusId", "");
    return std::string(text);
  }();
  return nvml_readings(bus_id.c_str());
}

std::vector<std::pair<std::string, std::string>> device_libraries() { return {{"cuda", runtime_version()}}; }

const DeviceLimits& device_limits() {
  static const DeviceLimits limits = [] {
    int device = 0;
    cudaDeviceProp properties;
    check(cudaGetDevice(&device), "cudaGetDevice", "");
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties", "");
    return DeviceLimits{.multiprocessors = properties.multiProcessorCount,
                        .shared_bytes_per_block = properties.sharedMemPerBlockOptin,
                        .l2_bytes = static_cast<std::size_t>(properties.l2CacheSize),
                        .compute_capability = 10 * properties.major + properties.minor};
  }();
  return limits;
}

Stream::Stream(Priority priority) {
  int least = 0;
  int greatest = 0;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "cudaDeviceGetStreamPriorityRange", "");
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, priority == Priority::high ? greatest : least),
        "cudaStreamCreateWithPriority", "");
  handle_ = stream;
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags", "");
  event_ = event;
  is_in_use = true;
}

Stream::~Stream() {
  cudaEventDestroy(static_cast<cudaEvent_t>(event_));
  cudaStreamDestroy(static_cast<cudaStream_t>(handle_));
}

void Stream::wait_for(const Stream& other) const {
  auto* const event = static_cast<cudaEvent_t>(event_);
  check(cudaEventRecord(event, stream_of(other)), "cudaEventRecord", "");
  check(cudaStreamWaitEvent(stream_of(*this), event, 0), "cudaStreamWaitEvent", "");
}

void Stream::synchronize() const { check(cudaStreamSynchronize(stream_of(*this)), "cudaStreamSynchronize", ""); }

namespace memory {

void* allocate(std::size_t bytes, const char* what) {
  void* pointer = nullptr;
  const cudaError_t status = cudaMalloc(&pointer, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    std::size_t free = 0;
    std::size_t total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemoryError(fmt::format("out of device memory: cudaMalloc of {}: {} bytes wanted, {} of {} bytes free",
                                       what, bytes, free, total));
  }
  check(status, "cudaMalloc", what);
  return pointer;
}

void release(void* pointer) noexcept { cudaFree(pointer); }

void to_device(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what) {
  // From pageable memory: staged before the call returns.
  if (bytes >= staged_bytes) {
    check(upload_staged(to, from, bytes, stream_of(stream)), "staged upload", what);
    return;
  }
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_of(stream)), "cudaMemcpyAsync", what);
}

void to_host(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_of(stream)), "cudaMemcpyAsync", what);
  check(cudaStreamSynchronize(stream_of(stream)), "cudaStreamSynchronize after the download", what);
}

void between(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_of(stream)), "cudaMemcpyAsync", what);
}

void fill_zero(void* at, std::size_t bytes, const Stream& stream, const char* what) {
  check(cudaMemsetAsync(at, 0, bytes, stream_of(stream)), "cudaMemsetAsync", what);
}

}  // namespace memory

void prepare_launch(const LaunchShape& shape, const Stream& stream, const void* kernel, LaunchConfiguration& launch) {
  require_possible(shape);
  // 48 KB need no opting in, but what the kernel declares itself is part of them.
  constexpr std::size_t without_opt_in = 40 * 1024;
  if (shape.shared_bytes > without_opt_in)
    check(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes)),
        "cudaFuncSetAttribute", shape.name);
  launch.config = {.gridDim = shape.grid,
                   .blockDim = shape.block,
                   .dynamicSmemBytes = shape.shared_bytes,
                   .stream = stream_of(stream),
                   .attrs = launch.attributes,
                   .numAttrs = 0};
  if (shape.cluster > 1) {
    cudaLaunchAttribute& attribute = launch.attributes[launch.config.numAttrs++];
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim.x = shape.cluster;
    attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  }
  if (shape.cooperative) {
    cudaLaunchAttribute& attribute = launch.attributes[launch.config.numAttrs++];
    attribute.id = cudaLaunchAttributeCooperative;
    attribute.val.cooperative = 1;
  }
  if (shape.early && device_limits().compute_capability >= 90) {  // elsewhere launches wait for each other
    cudaLaunchAttribute& attribute = launch.attributes[launch.config.numAttrs++];
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
  }
}

void check_launch(const LaunchShape& shape, cudaError_t status) { check(status, "launch", shape.name); }

void Graph::begin(const Stream& stream) {
  check(cudaStreamBeginCapture(stream_of(stream), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture", "");
}

void Graph::abandon(const Stream& stream) noexcept {
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream_of(stream), &graph);
  if (graph != nullptr) cudaGraphDestroy(graph);
  cudaGetLastError();
}

void Graph::end(const Stream& stream) {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream_of(stream), &graph), "cudaStreamEndCapture", "");
  cudaGraphExec_t executable = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check(status, "cudaGraphInstantiate", "");
  handle_ = executable;
}

Graph::~Graph() {
  if (handle_ != nullptr) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(handle_));
}

void Graph::replay(const Stream& stream) const {
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(handle_), stream_of(stream)), "cudaGraphLaunch", "");
}

}  // namespace frugal::cuda
