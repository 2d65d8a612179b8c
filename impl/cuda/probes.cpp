#include "impl/cuda/probes.hpp"

#include <algorithm>
#include <memory>

namespace frugal::cuda {
namespace {

// On an H100 a run takes a few milliseconds: a launch must not count.
constexpr int register_rounds = 20'000;
constexpr int product_rounds = 10'000;
constexpr int sine_rounds = 5'000;
constexpr unsigned blocks_per_multiprocessor = 8;  // 2048 threads: all that fit

struct Room {
  Stream stream;
  unsigned blocks = blocks_per_multiprocessor * static_cast<unsigned>(device_limits().multiprocessors);
  DeviceBuffer<float> results{std::size_t{blocks} * probe::threads, "results of a probe"};
  DeviceBuffer<float4> data{};
};

template <class Start>
Probe probe_of(Probe::Resource resource, double amount_of_block, const std::shared_ptr<Room>& room,
               const Start& start) {
  return {resource, amount_of_block * room->blocks, [room, start] {
            start(*room);
            room->stream.synchronize();
          }};
}

}  // namespace

std::vector<Probe> probes(Precision precision) {
  using Resource = Probe::Resource;
  const auto room = std::make_shared<Room>();
  std::vector<Probe> all;
  if (precision == Precision::fp32)
    all.push_back(probe_of(Resource::compute, probe::multiply_add_flops * register_rounds, room, [](Room& own) {
      probe::multiply_add(own.blocks, register_rounds, own.results.data(), own.stream);
    }));
  else if (has_tensor_cores())
    all.push_back(
        probe_of(Resource::compute, probe::product_flops(precision) * product_rounds, room, [precision](Room& own) {
          probe::product(precision, own.blocks, product_rounds, own.results.data(), own.stream);
        }));
  // Sixteen times what the second-level cache holds: what of it is left from the last run hardly counts.
  const std::size_t bytes = std::max<std::size_t>(16 * device_limits().l2_bytes, std::size_t{64} << 20);
  room->data = DeviceBuffer<float4>(bytes / sizeof(float4), "data of a probe");
  room->data.zero(room->stream);
  all.push_back({Resource::memory, static_cast<double>(bytes / sizeof(float4) * sizeof(float4)), [room] {
                   probe::read(room->data.data(), room->data.size(), room->blocks, room->results.data(), room->stream);
                   room->stream.synchronize();
                 }});
  all.push_back(probe_of(Resource::sines, probe::sines * sine_rounds, room,
                         [](Room& own) { probe::sine(own.blocks, sine_rounds, own.results.data(), own.stream); }));
  return all;
}

}  // namespace frugal::cuda
