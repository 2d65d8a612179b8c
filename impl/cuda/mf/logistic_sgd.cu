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

/// One side of a model: factors `stride` floats apart, with zeros behind the dim, and biases.
struct Rows {
  float* factors;
  float* biases;
  unsigned stride;
};

/// From by id to by slot, or back; what the longer stride has more is zero.
__global__ void permute_rows(Rows from, Rows to, const std::uint32_t* slots, std::uint32_t count, bool to_slots) {
  const unsigned quads = to.stride / 4;
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const auto id = static_cast<std::uint32_t>(i / quads);
  const auto at = static_cast<unsigned>(i % quads) * 4;
  if (id >= count) return;
  const std::uint32_t source = to_slots ? id : slots[id];
  const std::uint32_t target = to_slots ? slots[id] : id;
  *reinterpret_cast<float4*>(to.factors + std::size_t{target} * to.stride + at) =
      at < from.stride ? *reinterpret_cast<const float4*>(from.factors + std::size_t{source} * from.stride + at)
                       : make_float4(0, 0, 0, 0);
  if (at == 0) to.biases[target] = from.biases[source];
}

using RunRounds = void (*)(sgd::Rounds);

/// Lanes of a worker for a row of `dim` floats, and the kernels whose lanes hold it.
struct Shape {
  template <int lane_count, int chunks>
  static Shape of() {
    using sgd::Place;
    return {lane_count, sgd::Row<lane_count, chunks>::floats, sgd::run_rounds<Place::shared, lane_count, chunks>,
            sgd::run_rounds<Place::items_shared, lane_count, chunks>,
            sgd::run_rounds<Place::device, lane_count, chunks>};
  }
  /// Of long rows a block does not hold enough.
  template <int lane_count, int chunks>
  static Shape of_long_rows() {
    return {lane_count, sgd::Row<lane_count, chunks>::floats, nullptr, nullptr,
            sgd::run_rounds<sgd::Place::device, lane_count, chunks>};
  }
  static Shape of(int dim) {
    if (dim <= 16) return of<4, 1>();
    if (dim <= 32) return of<8, 1>();
    if (dim <= 64) return of<16, 1>();
    if (dim <= 128) return of<16, 2>();
    if (dim <= 256) return of<16, 4>();
    if (dim <= 512) return of_long_rows<32, 4>();
    return of_long_rows<32, 8>();
  }
  RunRounds kernel(sgd::Place place) const {
    return place == sgd::Place::shared ? shared : place == sgd::Place::items_shared ? items_shared : device;
  }
  unsigned lanes;
  unsigned floats;
  RunRounds shared;
  RunRounds items_shared;
  RunRounds device;
};
static_assert(largest_mf_dim <= 8 * 32 * 4);

/// One side of the model by slot.
struct SlotRows {
  SlotRows(const MfSchedule::Side& side, unsigned stride, std::uint32_t groups, const char* what, const Stream& stream)
      : slots(side.slot, what, stream),
        begins(side.begins, what, stream),
        factors((side.slot.size() + 1) * stride, what),
        biases(side.slot.size() + 1, what) {
    factors.zero(stream);
    biases.zero(stream);
    for (std::uint32_t g = 0; g < groups; ++g)
      most = std::max(most, side.begins[(g + 1) * MfSchedule::workers] - side.begins[g * MfSchedule::workers]);
    most = (most + 1 + 3) / 4 * 4;
  }

  DeviceBuffer<std::uint32_t> slots;   ///< by id
  DeviceBuffer<std::uint32_t> begins;  ///< [parts + 1]
  DeviceBuffer<float> factors;         ///< and a spare row, which nobody writes
  DeviceBuffer<float> biases;          ///< and a spare one
  std::uint32_t most = 0;              ///< rows of a group and a spare one, rounded up to 4
};

/// All that follows from the positives.
struct Work {
  Work(const MfSpec& spec, const Shape& shape_of_rows, const DeviceBuffer<Interaction>& positives, const Stream& stream)
      : Work(spec, shape_of_rows, MfSchedule(spec, count_on_device(spec, positives, stream)), positives, stream) {}

  Work(const MfSpec& spec, const Shape& shape_of_rows, const MfSchedule& schedule,
       const DeviceBuffer<Interaction>& positives, const Stream& stream)
      : groups(schedule.groups()),
        parts(schedule.parts()),
        examples(positives.size() * (1 + static_cast<std::size_t>(spec.negatives))),
        shape(shape_of_rows),
        users(schedule.users(), shape.floats, groups, "users by slot", stream),
        items(schedule.items(), shape.floats, groups, "items by slot", stream),
        streams(spec, schedule, positives, users.slots, stream) {
    for (const sgd::Place candidate : {sgd::Place::items_shared, sgd::Place::shared})
      if (shape.kernel(candidate) != nullptr && shared_bytes(candidate) <= device_limits().shared_bytes_per_block)
        place = candidate;
    // A block a multiprocessor is always there at once.
    if (static_cast<std::uint32_t>(device_limits().multiprocessors) >= groups)
      flags = DeviceBuffer<unsigned>(std::size_t{groups} * sgd::flag_stride, "flags of groups");
    stream.synchronize();  // the uploads' sources go
  }

  std::size_t shared_bytes(sgd::Place where) const {
    return sgd::shared_floats(where, users.most, items.most, shape.lanes, shape.floats) * sizeof(float);
  }
  bool ring() const { return flags.size() > 0; }

  std::uint32_t groups;
  std::uint32_t parts;
  std::size_t examples;
  Shape shape;
  SlotRows users;
  SlotRows items;
  SgdStreams streams;
  sgd::Place place = sgd::Place::device;
  DeviceBuffer<unsigned> flags;
};

class LogisticSgd final : public MfSolverEngine {
 public:
  LogisticSgd(const MfSpec& spec, const Stream& stream) : spec_(spec), stream_(stream), shape_(Shape::of(spec.dim)) {}

  unsigned stride() const override { return mf_stride(spec_.dim); }

  std::string name() const override {
    if (!work_) return "sgd";
    const char* const rows = work_->place == sgd::Place::shared         ? "shared"
                             : work_->place == sgd::Place::items_shared ? "items-shared"
                                                                        : "global";
    return std::string("sgd/") + rows + (work_->ring() ? "/ring" : "/rounds");
  }

  void set_interactions(const DeviceBuffer<Interaction>& positives) override {
    work_.reset();
    work_.emplace(spec_, shape_, positives, stream_);
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) override {
    const Rows users{parameters.user_factors.data(), parameters.user_bias.data(), stride()};
    const Rows items{parameters.item_factors.data(), parameters.item_bias.data(), stride()};
    permute(users, by_slot(work_->users), work_->users.slots, true);
    permute(items, by_slot(work_->items), work_->items.slots, true);
    if (work_->ring()) work_->flags.zero(stream_);
    DeviceBuffer<double> losses(std::size_t{work_->parts} * static_cast<std::size_t>(epochs), "losses of parts");
    // The next epoch is drawn while this one runs, beside it: the launches of an epoch leave most of a multiprocessor free.
    const auto first = static_cast<std::uint32_t>(first_epoch);
    drawing_.wait_for(stream_);
    if (epochs > 0) work_->streams.draw(first, drawing_);
    for (int e = 0; e < epochs; ++e) {
      const std::uint32_t epoch = first + static_cast<std::uint32_t>(e);
      stream_.wait_for(drawing_);
      drawing_.wait_for(stream_);  // for the epoch before, whose examples give way; this one is not in line yet
      run(parameters, epoch, static_cast<unsigned>(e) * work_->groups,
          losses.data() + static_cast<std::size_t>(e) * work_->parts);
      if (e + 1 < epochs) work_->streams.draw(epoch + 1, drawing_);
    }
    permute(by_slot(work_->users), users, work_->users.slots, false);
    permute(by_slot(work_->items), items, work_->items.slots, false);
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
  Rows by_slot(SlotRows& rows) const { return {rows.factors.data(), rows.biases.data(), shape_.floats}; }

  void permute(const Rows& from, const Rows& to, const DeviceBuffer<std::uint32_t>& slots, bool to_slots) {
    const auto count = static_cast<std::uint32_t>(slots.size());
    launch({"permute_rows", blocks_for(std::uint64_t{count} * (to.stride / 4), 256), 256}, stream_, permute_rows, from,
           to, slots.data(), count, to_slots);
  }

  void run(MfParameters& parameters, std::uint32_t epoch, unsigned flag_base, double* losses) {
    sgd::Rounds rounds{.users = {work_->users.factors.data(), work_->users.biases.data(), 0},
                       .items = {work_->items.factors.data(), work_->items.biases.data(), 0},
                       .global_bias = parameters.global_bias.data(),
                       .learning_rate = static_cast<float>(spec_.learning_rate),
                       .shrink = static_cast<float>(spec_.learning_rate * spec_.l2),
                       .examples = work_->streams.examples(epoch),
                       .begins = work_->streams.begins(epoch),
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
              .block = MfSchedule::workers * shape_.lanes,
              .shared_bytes = work_->shared_bytes(work_->place),
              .cooperative = work_->ring()},
             stream_, shape_.kernel(work_->place), rounds);
  }

  MfSpec spec_;
  const Stream& stream_;
  Stream drawing_;
  Shape shape_;
  std::optional<Work> work_;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec, const Stream& stream) {
  return std::make_unique<LogisticSgd>(spec, stream);
}

}  // namespace frugal::cuda
