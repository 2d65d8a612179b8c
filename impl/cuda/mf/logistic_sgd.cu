// Logistic matrix factorisation by SGD in the order of mf/schedule.hpp; sgd_rounds.hpp has the formulas.
//
// An epoch is drawn and sorted by one kernel and swept by another: all rounds in one cooperative launch where the device
// holds all groups at once, else a launch a round. Rows are kept by slot meanwhile, so that those of a group are
// neighbours.
//
// Deterministic: the order of the examples is that of the schedule, the sum of a dot product that of the lanes, which
// follow from the dim. Same build, same bits, either way of launching, on any device. Against `reference`:
// eps * sqrt(dim + updates of a row) * 8 (impl/equivalence).
#include <algorithm>
#include <optional>

#include "impl/cuda/mf/sgd_rounds.hpp"
#include "impl/cuda/mf/sgd_streams.hpp"
#include "impl/cuda/mf/solver.hpp"

namespace frugal::cuda {
namespace {

/// Rows of a table [count, stride] with its biases: from by id to by slot, or back.
__global__ void permute_rows(sgd::Table from, sgd::Table to, const std::uint32_t* slots, std::uint32_t count,
                             unsigned stride, bool to_slots) {
  const unsigned quads = stride / 4;
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const auto id = static_cast<std::uint32_t>(i / quads);
  const auto quad = static_cast<unsigned>(i % quads);
  if (id >= count) return;
  const std::uint32_t source = to_slots ? id : slots[id];
  const std::uint32_t target = to_slots ? slots[id] : id;
  reinterpret_cast<float4*>(to.data)[std::size_t{target} * quads + quad] =
      reinterpret_cast<const float4*>(from.data)[std::size_t{source} * quads + quad];
  if (quad == 0) to.bias[target] = from.bias[source];
}

using RunRounds = void (*)(sgd::Rounds);

/// Lanes of a worker for a row of `stride` floats, and the kernel whose lanes hold it.
struct Shape {
  template <int lane_count, int chunks>
  static Shape of(sgd::Place place) {
    using sgd::Place;
    return {lane_count, place == Place::shared         ? sgd::run_rounds<Place::shared, lane_count, chunks>
                        : place == Place::items_shared ? sgd::run_rounds<Place::items_shared, lane_count, chunks>
                                                       : sgd::run_rounds<Place::device, lane_count, chunks>};
  }
  static Shape of(unsigned stride, sgd::Place place) {
    if (stride <= 16) return of<4, 1>(place);
    if (stride <= 32) return of<8, 1>(place);
    if (stride <= 64) return of<16, 1>(place);
    if (stride <= 128) return of<16, 2>(place);
    if (stride <= 256) return of<16, 4>(place);
    if (stride <= 512) return {32, sgd::run_rounds<sgd::Place::device, 32, 4>};
    return {32, sgd::run_rounds<sgd::Place::device, 32, 8>};
  }
  unsigned lanes;
  RunRounds kernel;
};
static_assert(largest_mf_dim <= 8 * 32 * 4);

/// One side of the model by slot.
struct SlotRows {
  SlotRows(const MfSchedule::Side& side, unsigned stride, std::uint32_t groups, const char* what, const Stream& stream)
      : slots(side.slot, what, stream),
        begins(side.begins, what, stream),
        factors(side.slot.size() * stride, what),
        bias(side.slot.size(), what) {
    for (std::uint32_t g = 0; g < groups; ++g)
      most = std::max(most, side.begins[(g + 1) * MfSchedule::workers] - side.begins[g * MfSchedule::workers]);
    most = (most + 3) / 4 * 4;
  }
  sgd::Table table() { return {factors.data(), bias.data(), 0}; }

  DeviceBuffer<std::uint32_t> slots;   ///< by id
  DeviceBuffer<std::uint32_t> begins;  ///< [parts + 1]
  DeviceBuffer<float> factors;
  DeviceBuffer<float> bias;
  std::uint32_t most = 0;  ///< rows of a group, rounded up to 4
};

/// All that follows from the positives.
struct Work {
  Work(const MfSpec& spec, const MfSchedule& schedule, unsigned stride, const Stream& stream)
      : groups(schedule.groups()),
        parts(schedule.parts()),
        examples(schedule.positives().size() * (1 + static_cast<std::size_t>(spec.negatives))),
        streams(spec, schedule, stream),
        users(schedule.users(), stride, groups, "users by slot", stream),
        items(schedule.items(), stride, groups, "items by slot", stream),
        place(place_for(stride)),
        shape(Shape::of(stride, place)) {
    // A block a multiprocessor is always there at once.
    if (static_cast<std::uint32_t>(device_limits().multiprocessors) >= groups)
      flags = DeviceBuffer<unsigned>(std::size_t{groups} * sgd::flag_stride, "flags of groups");
    stream.synchronize();  // the uploads' sources go
  }

  sgd::Place place_for(unsigned stride) const {
    constexpr unsigned most_shared_stride = 256;  // of longer rows a block does not hold enough
    for (const sgd::Place candidate : {sgd::Place::shared, sgd::Place::items_shared})
      if (stride <= most_shared_stride && shared_bytes(candidate, stride) <= device_limits().shared_bytes_per_block)
        return candidate;
    return sgd::Place::device;
  }
  std::size_t shared_bytes(sgd::Place candidate, unsigned stride) const {
    return sgd::shared_floats(candidate, users.most, items.most, stride) * sizeof(float);
  }
  bool ring() const { return flags.size() > 0; }

  std::uint32_t groups;
  std::uint32_t parts;
  std::size_t examples;
  SgdStreams streams;
  SlotRows users;
  SlotRows items;
  sgd::Place place;
  Shape shape;
  DeviceBuffer<unsigned> flags;
};

class LogisticSgd final : public MfSolverEngine {
 public:
  LogisticSgd(const MfSpec& spec, const Stream& stream) : spec_(spec), stream_(stream), stride_(mf_stride(spec.dim)) {}

  unsigned stride() const override { return stride_; }

  std::string name() const override {
    if (!work_) return "sgd";
    const char* const where = work_->place == sgd::Place::shared         ? "rows in shared memory"
                              : work_->place == sgd::Place::items_shared ? "items in shared memory"
                                                                         : "rows in device memory";
    return std::string("sgd, ") + where + (work_->ring() ? ", one launch" : ", a launch a round");
  }

  void set_interactions(std::span<const Interaction> positives) override {
    work_.reset();
    work_.emplace(spec_, MfSchedule(spec_, positives), stride_, stream_);
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) override {
    const sgd::Table users{parameters.user_factors.data(), parameters.user_bias.data(), 0};
    const sgd::Table items{parameters.item_factors.data(), parameters.item_bias.data(), 0};
    permute(users, work_->users.table(), work_->users.slots, true);
    permute(items, work_->items.table(), work_->items.slots, true);
    if (work_->ring()) work_->flags.zero(stream_);
    DeviceBuffer<double> losses(std::size_t{work_->parts} * static_cast<std::size_t>(epochs), "losses of parts");
    for (int e = 0; e < epochs; ++e)
      run(parameters, static_cast<std::uint32_t>(first_epoch + static_cast<std::uint64_t>(e)),
          static_cast<unsigned>(e) * work_->groups, losses.data() + static_cast<std::size_t>(e) * work_->parts);
    permute(work_->users.table(), users, work_->users.slots, false);
    permute(work_->items.table(), items, work_->items.slots, false);
    std::vector<double> means;
    double loss = 0;
    std::size_t parts = 0;
    for (const double of_part : losses.download(stream_)) {
      loss += of_part;
      if (++parts % work_->parts != 0) continue;
      means.push_back(work_->examples > 0 ? loss / static_cast<double>(work_->examples) : 0);
      loss = 0;
    }
    return means;
  }

 private:
  void permute(const sgd::Table& from, const sgd::Table& to, const DeviceBuffer<std::uint32_t>& slots, bool to_slots) {
    const auto count = static_cast<std::uint32_t>(slots.size());
    launch({"permute_rows", blocks_for(std::uint64_t{count} * (stride_ / 4), 256), 256}, stream_, permute_rows, from,
           to, slots.data(), count, stride_, to_slots);
  }

  void run(MfParameters& parameters, std::uint32_t epoch, unsigned flag_base, double* losses) {
    work_->streams.draw(epoch);
    const auto rate = static_cast<float>(spec_.learning_rate);
    sgd::Rounds rounds{.model = {.users = work_->users.factors.data(),
                                 .items = work_->items.factors.data(),
                                 .user_bias = work_->users.bias.data(),
                                 .item_bias = work_->items.bias.data(),
                                 .global_bias = parameters.global_bias.data(),
                                 .stride = stride_,
                                 .learning_rate = rate,
                                 .shrink = static_cast<float>(spec_.learning_rate * spec_.l2)},
                       .examples = work_->streams.examples(),
                       .begins = work_->streams.begins(),
                       .user_begins = work_->users.begins.data(),
                       .item_begins = work_->items.begins.data(),
                       .groups = work_->groups,
                       .first = 0,
                       .count = work_->ring() ? work_->groups : 1,
                       .most_users = work_->users.most,
                       .most_items = work_->items.most,
                       .losses = losses,
                       .flags = work_->flags.data(),
                       .flag_base = flag_base};
    for (; rounds.first < work_->groups; rounds.first += rounds.count)
      launch({.name = "run_rounds",
              .grid = work_->groups,
              .block = MfSchedule::workers * work_->shape.lanes,
              .shared_bytes = work_->shared_bytes(work_->place, stride_),
              .cooperative = work_->ring()},
             stream_, work_->shape.kernel, rounds);
  }

  MfSpec spec_;
  const Stream& stream_;
  unsigned stride_;
  std::optional<Work> work_;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec, const Stream& stream) {
  return std::make_unique<LogisticSgd>(spec, stream);
}

}  // namespace frugal::cuda
