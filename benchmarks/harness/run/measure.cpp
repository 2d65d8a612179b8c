#include "benchmarks/harness/run/measure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <chrono>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/run/conditions.hpp"
#include "benchmarks/harness/run/loss_recorder.hpp"
#include "benchmarks/harness/run/pace.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/run/repeat_rule.hpp"
#include "benchmarks/harness/run/stage_meter.hpp"
#include "benchmarks/harness/study/statistics.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

using MeasureClock = std::chrono::steady_clock;

double seconds_between(MeasureClock::time_point from, MeasureClock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

class MeasureContext final : public RunContext {
 public:
  MeasureContext(const CellRequest& request, const std::atomic<bool>& stop, const MessageSink& send, StageMeter meter)
      : request_(request), stop_(stop), send_(send), passes_(most_passes(request.measure)), meter_(std::move(meter)) {}

  void begin_pass(int pass) {
    std::error_code ignored;
    std::filesystem::remove_all(unfinished_export(), ignored);  // of a try that was killed
    pass_ = pass;
    stages_.clear();
    losses_.clear();
    times_.clear();
    open_stage_ = nullptr;
  }

  /// As records have them.
  std::vector<StageRecord> stages() const {
    std::vector<StageRecord> all = stages_;
    for (StageRecord& stage : all) stage.use.front() = rounded(stage.use.front());
    return all;
  }
  /// Of all stages of the pass.
  double pass_seconds() const {
    double sum = 0;
    for (const StageRecord& stage : stages_) sum += stage.wall_s.front();
    return sum;
  }
  /// Of this pass: seconds by metric.
  const std::map<std::string, double>& times() const { return times_; }

  void progress(double fraction) override {
    if (stop_.load(std::memory_order_relaxed)) throw Interrupted{};
    const MeasureClock::time_point now = MeasureClock::now();
    if (now < next_message_) return;
    next_message_ = now + std::chrono::milliseconds(200);
    meter_.keep_counting();
    CellMessage message;
    fraction_ = (pass_ + std::clamp(fraction, 0.0, 1.0)) / passes_;
    message.fraction = fraction_;
    message.stage = open_stage_ == nullptr ? "" : open_stage_->name;
    send_(message);
  }

  std::int64_t pace(std::int64_t done, std::int64_t all) override {
    progress(static_cast<double>(done) / static_cast<double>(all));
    const MeasureClock::time_point now = MeasureClock::now();
    if (!laps_.empty() && done <= laps_.back().done) laps_.clear();  // another loop
    if (open_stage_ != nullptr) laps_.push_back({done, open_stage_->wall_s.front() + seconds_between(start_, now)});
    return pace_.next(done, std::chrono::duration<double>(now.time_since_epoch()).count());
  }

  void time_metric(std::string_view name, std::int64_t done) override {
    assert(open_stage_ != nullptr && "the loop is one of a stage");
    const auto after = std::ranges::lower_bound(laps_, done, {}, &Lap::done);
    assert(after != laps_.end() && "a step that pace() has not heard of");
    double seconds = after->seconds;
    if (after->done > done && after != laps_.begin()) {
      const Lap& before = *std::prev(after);
      const double share = static_cast<double>(done - before.done) / static_cast<double>(after->done - before.done);
      seconds = std::lerp(before.seconds, after->seconds, share);
    }
    times_[std::string(name)] = seconds;
  }

  void loss(std::string_view name, double step, double loss) override { losses_.add(name, step, loss); }

  std::vector<LossCurve> curves() const { return losses_.curves(); }

  std::filesystem::path checkpoint_file(std::string_view training) override {
    if (request_.checkpoints.empty()) return {};
    make_folders(request_.checkpoints);
    return request_.checkpoints / (std::string(training) + ".safetensors");
  }

  void checkpoint(bool now, const std::function<void(double)>& write) override {
    if (request_.checkpoints.empty()) return;
    const auto every = std::chrono::duration<double>(request_.checkpoint_s);
    if (!now && MeasureClock::now() - last_checkpoint_ < every && !stop_.load(std::memory_order_relaxed)) return;
    assert(open_stage_ != nullptr && "a training has a stage");
    const std::string stage = open_stage_->name;
    std::vector<Lap> laps = std::move(laps_);
    end_stage({});
    write(stage_record(stage).wall_s.front());
    begin_stage(stage);
    laps_ = std::move(laps);
    last_checkpoint_ = MeasureClock::now();
  }

  void take_up(std::string_view training, std::int64_t done, double seconds) override {
    assert(open_stage_ != nullptr && "a training has a stage");
    open_stage_->wall_s.front() += seconds;
    taken_up_[std::string(training)] = static_cast<std::uint64_t>(done);
  }

  /// Steps or epochs of earlier tries, by training.
  const std::map<std::string, std::uint64_t>& taken_up() const { return taken_up_; }

  const std::vector<std::filesystem::path>& data_dirs() const override { return request_.data_dirs; }

  std::filesystem::path artifacts() override {
    make_folders(request_.artifacts);
    return request_.artifacts;
  }

  std::optional<std::filesystem::path> export_folder() override {
    if (!request_.exports) return std::nullopt;
    make_folders(unfinished_export());
    return unfinished_export();
  }

  /// The export has its name only when it is whole: by that a later run knows that it need not be made again.
  void finish_export() {
    const std::filesystem::path half = unfinished_export(), whole = request_.artifacts / export_name;
    std::error_code failed;
    if (!std::filesystem::exists(half, failed)) return;
    std::filesystem::remove_all(whole, failed);
    std::filesystem::rename(half, whole, failed);
    if (failed)
      throw OutputError(fmt::format("{}: cannot become {}: {}", half.string(), export_name, failed.message()));
  }

 protected:
  void begin_stage(std::string_view name) override {
    assert(open_stage_ == nullptr && "stages do not nest");
    open_stage_ = &stage_record(name);
    laps_.clear();
    if (request_.ranks > 1) {  // should one of them be lost in it
      send_({.fraction = fraction_, .stage = open_stage_->name});
    }
    meter_.begin();
    start_ = MeasureClock::now();  // last: the bookkeeping above is not the workload's time
  }

  void end_stage(Work work) override {
    const std::chrono::duration<double> elapsed = MeasureClock::now() - start_;
    assert(open_stage_ != nullptr);
    meter_.end(open_stage_->use.front(), elapsed.count(), open_stage_->wall_s.front());
    open_stage_->wall_s.front() += elapsed.count();
    open_stage_->flops += work.flops;
    open_stage_->bytes += work.bytes;
    open_stage_->sines += work.sines;
    open_stage_ = nullptr;
  }

 private:
  /// What a loop had done, and the seconds of its stage by then.
  struct Lap {
    std::int64_t done;
    double seconds;
  };

  /// Begun where there is none of that name.
  StageRecord& stage_record(std::string_view name) {
    const auto known = std::ranges::find(stages_, name, &StageRecord::name);
    if (known != stages_.end()) return *known;
    return stages_.emplace_back(StageRecord{.name = std::string(name), .wall_s = {0.0}, .use = {StageUse{}}});
  }

  std::filesystem::path unfinished_export() const {
    return request_.artifacts / (std::string(export_name) + unfinished_suffix);
  }

  static int most_passes(const Measure& measure) {
    return measure.warmup + std::max(measure.repeats, measure.max_repeats);
  }

  const CellRequest& request_;
  const std::atomic<bool>& stop_;
  const MessageSink& send_;
  int passes_;
  int pass_ = 0;
  std::vector<StageRecord> stages_;
  LossRecorder losses_;
  Pace pace_;
  StageMeter meter_;
  std::vector<Lap> laps_;  ///< of the open stage
  std::map<std::string, double> times_;
  std::map<std::string, std::uint64_t> taken_up_;
  MeasureClock::time_point last_checkpoint_ = MeasureClock::now();
  StageRecord* open_stage_ = nullptr;
  MeasureClock::time_point start_;
  double fraction_ = 0;                    ///< that was told last
  MeasureClock::time_point next_message_;  // the epoch: the first call sends
};

bool keeps_level(double a, double b, const CellRequest& request) {
  if (request.determinism == Determinism::bitwise)
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  return std::abs(a - b) <= request.band * std::max(std::abs(a), std::abs(b));
}

/// As a plan writes it.
std::string level_text(const CellRequest& request) {
  const std::string_view word = to_word(determinism_names, request.determinism);
  return request.determinism == Determinism::repeatable ? fmt::format("{{{}: {}}}", word, request.band)
                                                        : std::string(word);
}

std::string repeats_differ(const std::map<std::string, double>& before, const std::map<std::string, double>& now,
                           const CellRequest& request) {
  for (const auto& [name, value] : now) {
    const auto old = before.find(name);
    if (old == before.end()) return fmt::format("metric '{}' is absent in one repeat and present in the next", name);
    if (!keeps_level(old->second, value, request))
      return fmt::format("metric '{}' differs between repeats ({} and {}), but the plan says determinism: {}", name,
                         old->second, value, level_text(request));
  }
  if (before.size() != now.size()) return "a metric of one repeat is absent in the next";
  return "";
}

/// No table, gate or check could read what the workload does not declare.
std::string remove_undeclared(const Workload& workload, std::map<std::string, double>& metrics,
                              std::map<std::string, std::string>& absent) {
  const std::vector<MetricDescriptor> declared = workload.metrics();
  std::set<std::string> unknown;
  const auto is_unknown = [&](const auto& metric) {
    const bool known = std::ranges::find(declared, metric.first, &MetricDescriptor::name) != declared.end();
    if (!known) unknown.insert(metric.first);
    return !known;
  };
  std::erase_if(metrics, is_unknown);
  std::erase_if(absent, is_unknown);
  if (unknown.empty()) return "";
  return fmt::format("the workload '{}' gave what its metrics() do not declare: {}", workload.name(),
                     fmt::join(unknown, ", "));
}

std::string remove_not_finite(std::map<std::string, double>& metrics, std::map<std::string, std::string>& absent) {
  std::string error;
  for (auto metric = metrics.begin(); metric != metrics.end();) {
    if (std::isfinite(metric->second)) {
      ++metric;
      continue;
    }
    error += fmt::format("{}metric {} is not finite ({})", error.empty() ? "" : "; ", metric->first, metric->second);
    absent[metric->first] = fmt::format("not finite ({})", metric->second);
    metric = metrics.erase(metric);
  }
  return error;
}

CellMessage run_passes(const Workload& workload, const CellRequest& request, const std::atomic<bool>& stop,
                       const MessageSink& send, const DeviceReader& device) {
  const std::set<int> processors =
      request.cpus.empty() ? usable_processors() : std::set<int>(request.cpus.begin(), request.cpus.end());
  MeasureContext context(request, stop, send, StageMeter(processors, device));
  CellMessage result;
  result.kind = CellMessage::Kind::outcome;
  std::string difference;
  std::vector<std::map<std::string, double>> repeats;  // a drift of many small steps must not pass: all pairs count
  std::map<std::string, std::vector<double>> times;    // these may differ
  const MeasureClock::time_point start = MeasureClock::now();
  RepeatRule rule(request.measure, request.timeout_s);
  bool is_last = false;
  for (int pass = 0; !is_last; ++pass) {
    context.begin_pass(pass);
    const MeasureClock::time_point pass_start = MeasureClock::now();
    const ConditionsMeter meter(processors, request.ranks > 1);
    Outcome outcome = workload.run(request.cell, context);
    context.finish_export();
    const RepeatConditions conditions = meter.read();
    if (pass < request.measure.warmup) continue;
    CellMessage message;
    message.kind = CellMessage::Kind::stages;
    message.stages = context.stages();
    message.conditions = conditions;
    send(message);
    for (const auto& [name, seconds] : context.times()) times[name].push_back(seconds);
    const MeasureClock::time_point now = MeasureClock::now();
    is_last = rule.is_last(context.pass_seconds(), seconds_between(pass_start, now), seconds_between(start, now));
    if (request.determinism != Determinism::free) {
      for (const auto& before : repeats)
        if (difference.empty()) difference = repeats_differ(before, outcome.metrics, request);
      repeats.push_back(outcome.metrics);
    }
    result.implementation = std::move(outcome.implementation);
    result.metrics = std::move(outcome.metrics);
    result.absent = std::move(outcome.absent);
    result.protocol = std::move(outcome.protocol);
  }
  result.curves = context.curves();
  result.taken_up = context.taken_up();
  for (const auto& [name, seconds] : times) result.metrics[name] = median(seconds);
  result.sampling = rule.sampling();
  result.error = remove_undeclared(workload, result.metrics, result.absent);
  const std::string not_finite = remove_not_finite(result.metrics, result.absent);
  for (const std::string& error : {not_finite, difference})
    if (result.error.empty()) result.error = error;
  if (!result.error.empty()) result.failure = Failure::other;
  return result;
}

CellMessage failure_message(Failure failure, std::string error) {
  CellMessage message;
  message.kind = CellMessage::Kind::outcome;
  message.failure = failure;
  message.error = std::move(error);
  return message;
}

}  // namespace

void measure_cell(const Workload& workload, const CellRequest& request, const std::atomic<bool>& stop,
                  const MessageSink& send, const DeviceReader& device) {
  CellMessage result;
  try {
    result = run_passes(workload, request, stop, send, device);
  } catch (const Interrupted&) {
    result = failure_message(Failure::interrupted, "stopped");
  } catch (const OutputError& error) {
    result = failure_message(Failure::output, error.what());
  } catch (const OutOfMemoryError& error) {
    result = failure_message(Failure::memory, error.what());
  } catch (const std::bad_alloc&) {
    result = failure_message(Failure::memory, "out of memory");
  } catch (const std::exception& error) {
    result = failure_message(Failure::other, error.what());
  } catch (...) {
    result = failure_message(Failure::other, "an exception of an unknown type");
  }
  send(result);
}

}  // namespace frugal::harness
