// The seam between the harness, which knows no model, and the workloads, which know no clock, file format or YAML.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "impl/base/names.hpp"
#include "impl/base/params.hpp"
#include "impl/base/published_file.hpp"
#include "impl/base/shared_json.hpp"

namespace frugal {
class Communicator;
class PackedPairs;
}  // namespace frugal

namespace frugal::harness {

struct MetricDescriptor {
  enum class Direction { higher_is_better, lower_is_better, informative };
  std::string name;  ///< "hr@10[neg=99]"
  std::string unit;  ///< "dB", "FLOP", "" for a ratio
  Direction direction = Direction::informative;
  std::string format = "{:.4f}";  ///< fmt format of one double
  std::string help;
  bool exact = false;  ///< counted or computed from shapes, not measured: any difference is a change
};

/// Times, rates and memory depend on the machine.
inline bool is_of_the_machine(std::string_view unit) {
  return unit == "s" || unit == "ms" || unit == "us" || unit == "B" || unit.ends_with("/s");
}

/// Those that another process can spoil: memory is not.
inline bool is_of_the_clock(std::string_view unit) { return is_of_the_machine(unit) && unit != "B"; }

inline constexpr Named<MetricDescriptor::Direction> direction_names[] = {
    {MetricDescriptor::Direction::higher_is_better, "higher_is_better"},
    {MetricDescriptor::Direction::lower_is_better, "lower_is_better"},
    {MetricDescriptor::Direction::informative, "informative"}};

/// The same as people say which value is better.
inline constexpr Named<MetricDescriptor::Direction> better_names[] = {
    {MetricDescriptor::Direction::higher_is_better, "higher"},
    {MetricDescriptor::Direction::lower_is_better, "lower"},
    {MetricDescriptor::Direction::informative, "-"}};

/// A data set a workload can read, with the parameters a plan may give beside its name (generators: size and so on).
struct DatasetChoice {
  std::string name;
  std::string help;
  std::vector<ParamSpec> params;
  Json param_defaults = Json::object();  ///< of the workload's parameters, where they are others with this data set
};

/// One resolved point of a plan. Two cells are the same exactly when these agree.
struct Cell {
  std::string workload;
  std::string backend;
  Json dataset;       ///< {"name": ..., parameters...}, defaults filled in
  SharedJson params;  ///< {"<workload>": {...}}, nested, defaults filled in
  std::uint64_t seed = 0;
  /// How it runs, where that is an axis of the plan: {"limits": {"threads": 4}}; else empty, and not written.
  Json execution = Json::object();
  /// Of the plan: where relative paths among the parameters begin. No part of what the cell is; empty: where we are.
  std::filesystem::path folder{};

  /// The parameters of the workload itself: params[workload].
  const Json& own() const { return params.at(workload); }
  /// The file that a parameter names by this path; an empty one stays empty.
  std::filesystem::path located(const std::string& path) const;
  Json to_json() const;  ///< sorted keys; numbers in shortest form
  /// Throws UserError at `place` when a member is missing or of another type.
  static Cell from_json(const Json& json, const Place& place = {});
  std::string id() const;  ///< first 12 hex digits of SHA-256 of the canonical JSON
};

/// What is wrong with a cell, before anything runs.
struct Complaint {
  std::string path;  ///< dotted from the document's root: "params.inr.grid", "backend", "dataset.users"
  std::string message;
  bool unavailable = false;  ///< the plan is right, but this machine cannot run it (exit code 4 instead of 2)
};

/// A file that a cell will read, and what is known of the published one.
struct InputFile {
  std::string name;            ///< for records: the manifest's path, or the path as the plan gives it
  std::filesystem::path path;  ///< where it lies on this machine
  std::string
      dataset{};  ///< `frugal data fetch` brings it, unless `added`; empty: a user's own file, of which nothing is published
  bool added = false;  ///< to be had nowhere: a user made the data set of a file (`frugal data add`)
  PublishedFile published{};
  std::string content{};  ///< of a user's own file, for records and captions: "4000 x 3000 RGB of 8 bits"
};

/// Work done inside a stage, analytic; 0 means not stated.
struct Work {
  double flops = 0;
  double bytes = 0;  ///< between the device's memory and its caches, at least
  double sines = 0;  ///< with their cosines
};

inline constexpr const char* export_name = "export";

/// Of a recommender, in the folder of its export: a line "user<TAB>METRIC<TAB>..." and below it a line for each user that
/// was tested, whose values average to the metrics of the record. What `frugal report --users` compares.
inline constexpr const char* users_file = "users.tsv";

/// What a workload gets from the harness while it runs.
class RunContext {
 public:
  virtual ~RunContext() = default;

  /// Runs `body` under the clock of stage `name` and records one sample. body may return Work or nothing.
  /// A stage entered several times in one run adds up.
  template <class Body>
  void stage(std::string_view name, Body&& body) {
    begin_stage(name);
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      end_stage({});
    } else {
      end_stage(body());
    }
  }

  /// Share of the cell that is done, 0 to 1, for the progress line. Cheap: call it as often as convenient. Throws
  /// Interrupted when the run is being stopped.
  virtual void progress(double fraction) = 0;

  /// progress(done / all) of a loop that goes by steps, and how many of them to take until the next call: many, because
  /// a call of a model has a start and an end of its own (a transfer on a GPU, cold caches on a CPU), and few enough that
  /// a stop or a progress line need not wait for much more than a second. Results must not depend on it.
  virtual std::int64_t pace(std::int64_t done, std::int64_t all) = 0;

  /// The loss of a training after `step` of its steps or epochs, for the curve `name`. Cheap: tell all of them; a record
  /// keeps a few dozen.
  virtual void loss([[maybe_unused]] std::string_view name, [[maybe_unused]] double step,
                    [[maybe_unused]] double loss) {}

  /// Metric `name`, of unit s, is the time from the start of the open stage until its loop had done that many steps:
  /// the clock is read at each pace(), and between two of them steps are taken to last equally long. To be called in the
  /// stage, after the loop. Recorded as the median over the repeats, like a stage's time.
  virtual void time_metric(std::string_view name, std::int64_t done) = 0;

  /// Where local copies of data sets lie (--data-dir, FRUGAL_DATA, the cache), first match wins.
  virtual const std::vector<std::filesystem::path>& data_dirs() const = 0;

  /// Folder of this cell for pictures and other by-products, made on first use.
  virtual std::filesystem::path artifacts() = 0;

  /// Where the plan asks for it (export: true), a folder, made on first use, for what the cell made, in forms that other
  /// tools read; `export_name` among the artifacts when the cell has ended well. Written outside all stages.
  virtual std::optional<std::filesystem::path> export_folder() { return std::nullopt; }

  // A long training that is stopped can be gone on with, where the plan asks for it (limits.checkpoint_s).

  /// The file in which the training of this name, one word, its own in the cell, leaves what a later try of the cell
  /// needs, and in which an earlier one may have left it. Empty: the plan does not ask for it.
  virtual std::filesystem::path checkpoint_file([[maybe_unused]] std::string_view training) { return {}; }

  /// Between two steps of a training, in its stage, as often as convenient: calls write() with the seconds of the stage so
  /// far where it is time, or the run is being stopped, or `now`. What write() takes is no time of the stage.
  virtual void checkpoint([[maybe_unused]] bool now, [[maybe_unused]] const std::function<void(double)>& write) {}

  /// In the stage of a training: so many of its steps or epochs, and so many seconds of its stage, are of earlier tries.
  virtual void take_up([[maybe_unused]] std::string_view training, [[maybe_unused]] std::int64_t done,
                       [[maybe_unused]] double seconds) {}

 protected:
  virtual void begin_stage(std::string_view name) = 0;
  virtual void end_stage(Work work) = 0;
};

/// Thrown by RunContext::progress when the user wants to stop.
struct Interrupted {};

struct Outcome {
  std::string implementation;                   ///< what really ran: Model::implementation()
  std::map<std::string, double> metrics;        ///< by descriptor name; absent rather than NaN
  std::map<std::string, std::string> absent{};  ///< of metrics without a value: why, in half a sentence
  std::string protocol{};  ///< what was held out and how it is tested, where the data have a say in it: for captions
};

class Workload {
 public:
  virtual ~Workload() = default;
  virtual std::string name() const = 0;
  virtual std::string description() const = 0;
  virtual std::vector<ParamSpec> params() const = 0;
  virtual std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>& data_dirs) const = 0;
  virtual std::vector<MetricDescriptor> metrics() const = 0;
  /// What is inside and outside the clock, one sentence, printed under each table.
  virtual std::string clock() const = 0;

  /// Looks for what a type or a range cannot say: parameters that contradict each other, a back end that does not
  /// support this, a data set that is not here. Called for every cell before the first one runs; must be fast.
  virtual std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) const = 0;

  /// The cells that one point of a plan stands for: itself, or one for each file of a folder that it names. Asked once a
  /// point, before check(). Throws UserError.
  virtual std::vector<Cell> spread(const Cell& cell) const { return {cell}; }

  /// The files that run() will read, as far as they are here: the harness hashes them, so that a result stays with its
  /// data. Reads headers at most; must be fast.
  virtual std::vector<InputFile> inputs(const Cell& cell,
                                        const std::vector<std::filesystem::path>& data_dirs) const = 0;

  /// In which its products are computed: what the limits of the device are measured in (measure.limits).
  virtual std::string precision([[maybe_unused]] const Cell& cell) const { return "fp32"; }

  /// Metrics that follow from the cell's parameters alone (FLOPs, parameters), by descriptor name, as run() records
  /// them when nothing stops early. A search asks for every cell before the first one runs: must be fast, and needs no
  /// data.
  virtual std::map<std::string, double> known_metrics([[maybe_unused]] const Cell& cell) const { return {}; }

  /// Why several processes cannot compute the cell together; empty: they can. Asked of cells that are to have ranks
  /// (limits.ranks), after check().
  virtual std::string why_no_ranks([[maybe_unused]] const Cell& cell) const {
    return "cells of this workload are computed in one process";
  }

  /// Of every rank of a job but the first: its part of what run() loads with all of them (Backend::load_together()).
  /// request: what run() tells them, an object whose `workload` is this one. As LoadPart.
  virtual PackedPairs load_part(const Json& request, Communicator& ranks) const;

  /// Runs the cell once. UserError and UnavailableError are reported as such; anything else is a failed cell.
  virtual Outcome run(const Cell& cell, RunContext& context) const = 0;
};

using Workloads = std::vector<const Workload*>;

/// The one of that name, or null.
inline const Workload* find_workload(const Workloads& workloads, std::string_view name) {
  for (const Workload* workload : workloads)
    if (workload->name() == name) return workload;
  return nullptr;
}

}  // namespace frugal::harness
