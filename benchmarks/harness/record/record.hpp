// A run is a folder: run.json (provenance, written first), cells.jsonl (one fsynced line per finished cell),
// artifacts/<cell id>/ (pictures and the like). This is the only code that reads or writes them.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/record/folder_lock.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

/// What one sample of a stage cost beside its time; nothing where that cannot be read.
struct StageUse {
  std::optional<double> cpu_s{};         ///< processors' time of the cell, user and system, of all its threads
  std::optional<double> instructions{};  ///< executed in user mode by all its threads: InstructionCounter
  std::optional<double> faults{};        ///< page faults
  std::optional<double> switches{};      ///< context switches
  std::optional<double> joules{};        ///< of the processors' packages, whatever else they did: PackageEnergy
  std::optional<double> mhz{};           ///< mean clock of the processors when the stage ended
  std::optional<double> celsius{};       ///< of their hottest sensor, then
  std::optional<double> throttled{};     ///< how often heat slowed one of the processors meanwhile
  // Of the device that the cell computed on, where that is none of the processors.
  std::optional<double> device_joules{};
  std::optional<double> device_mhz{};
  std::optional<double> device_celsius{};
  std::optional<double> device_throttled{};  ///< 1 where heat or its limit of power slowed it at the end, else 0
  // Of several ranks (DeviceReadings): of each that of the rank which had most of it.
  std::optional<double> rank_cpu_s{};
  std::optional<double> rank_bytes{};
  std::optional<double> rank_messages{};
};

struct StageRecord {
  std::string name;
  std::vector<double> wall_s;  ///< raw samples, one per repeat
  double flops = 0;            ///< of one repeat
  double bytes = 0;
  double sines = 0;
  std::vector<StageUse> use{};  ///< one a sample; of older programs: none
};

/// What the device can do at most with the threads of the cell, a second; 0: not measured.
struct DeviceRates {
  double flops = 0;  ///< in `precision`
  double bytes = 0;  ///< read from memory
  double sines = 0;
  double l1 = 0;  ///< bytes read from the caches of a processor; of older programs and other devices: none
  double l2 = 0;
  double l3 = 0;
  std::string precision{};  ///< that of the cell; empty: of older programs, which do not tell
};

/// Losses during a training, some of them.
struct LossCurve {
  std::string name;             ///< "train"
  std::vector<double> steps{};  ///< steps or epochs done, ascending
  std::vector<double> losses{};
};

/// A file that a cell read, as it was then.
struct InputRecord {
  std::string file;    ///< the manifest's path, or the path as the plan gives it
  std::string sha256;  ///< 64 hex digits
  std::uint64_t bytes = 0;
  bool modified = false;  ///< another one is published under this name
  std::string content{};  ///< of a user's own file: InputFile::content

  bool same_content(const InputRecord& other) const { return sha256 == other.sha256; }
};

/// How busy the machine was with other things while one repeat was measured; nothing where that cannot be read.
struct RepeatConditions {
  std::optional<double> load{};    ///< average over a minute when the repeat began
  std::optional<double> others{};  ///< processors' time of other processes over the wall time, in cores, less what may
                                   ///< be rounding of the kernel's counters; none where that hides whether it is quiet
  std::optional<double> steal{};   ///< likewise, of other guests of a virtual machine's host
  std::optional<double> cpu_s{};   ///< processors' time of the cell itself
  std::optional<double> mhz{};     ///< mean clock of the processors when the repeat ended
  std::optional<double> throttled{};  ///< how often heat slowed one of the processors meanwhile
};

/// What ended the repeats of a cell whose plan leaves their number open.
enum class SamplingEnd { target_rel_ci, min_time_s, max_repeats, timeout_s };
inline constexpr Named<SamplingEnd> sampling_end_names[] = {{SamplingEnd::target_rel_ci, "target_rel_ci"},
                                                            {SamplingEnd::min_time_s, "min_time_s"},
                                                            {SamplingEnd::max_repeats, "max_repeats"},
                                                            {SamplingEnd::timeout_s, "timeout_s"}};
struct Sampling {
  SamplingEnd ended_by = SamplingEnd::max_repeats;
  std::optional<double> rel_ci{};  ///< half the 95% interval of the median of all stages, over it; none: no interval
};

enum class Status { ok, failed, skipped, timeout, oom };
inline constexpr Named<Status> status_names[] = {{Status::ok, "ok"},
                                                 {Status::failed, "failed"},
                                                 {Status::skipped, "skipped"},
                                                 {Status::timeout, "timeout"},
                                                 {Status::oom, "oom"}};
std::string to_string(Status status);

/// Of two records of a cell the one of more worth counts: one that ran, then one that this machine is known not to run.
inline int worth(Status status) { return status == Status::ok ? 2 : status == Status::skipped ? 1 : 0; }

Json to_json(const InputRecord& input);
Json to_json(const RepeatConditions& conditions);
Json to_json(const StageUse& use);
Json to_json(const StageRecord& stage);
Json to_json(const DeviceRates& limits);
Json to_json(const LossCurve& curve);
Json to_json(const Sampling& sampling);
/// They throw UserError when a key is missing or of a wrong type.
RepeatConditions conditions_from_json(const Json& json, const Place& place);
StageRecord stage_from_json(const Json& json, const Place& place);
LossCurve curve_from_json(const Json& json, const Place& place);
DeviceRates limits_from_json(const Json& json, const Place& place);
Sampling sampling_from_json(const Json& json, const Place& place);

/// The most that others may use of the processors of a cell, steal included, for its times to count as undisturbed: a
/// tenth of a core. A desktop at rest uses less.
inline constexpr double quiet_cores = 0.1;

/// The most cells of a run that may run side by side.
inline constexpr int most_jobs = max_threads;

/// One line of cells.jsonl.
struct CellRecord {
  static constexpr int schema = 1;
  std::string id;
  Cell cell;
  std::string implementation;
  Status status = Status::ok;
  std::string error;
  std::map<std::string, double> metrics;
  std::vector<StageRecord> stages;
  DeviceRates limits;
  std::vector<LossCurve> curves{};                  ///< of the last repeat; of older programs: none
  std::map<std::string, std::string> absent{};      ///< metric -> why it has no value
  std::vector<InputRecord> inputs{};                ///< of older programs: none
  std::vector<RepeatConditions> conditions{};       ///< one a repeat; of older programs: none
  std::optional<Sampling> sampling{};               ///< where the plan left the number of repeats open
  int threads = 0;                                  ///< that it could use; 0: of older programs, which do not tell
  int ranks = 1;                                    ///< processes that computed it together
  std::vector<std::string> hosts{};                 ///< of each rank: hash of its name; empty: one process
  int jobs = 1;                                     ///< cells of the run that ran side by side
  std::vector<int> cpus{};                          ///< that the threads were bound to; empty: they were not
  std::string machine{};                            ///< key of Provenance::machines; empty: Provenance::machine
  std::string protocol{};                           ///< how the data were held out and tested; empty: nothing to say
  std::map<std::string, std::uint64_t> taken_up{};  ///< training -> steps or epochs of it that earlier tries did
  bool disowned = false;                            ///< its times are left out: Provenance::disturbed

  const StageRecord* stage(std::string_view name) const;
  /// Nothing went wrong: it ran, or it is known that this machine cannot run it.
  bool ended_well() const { return status == Status::ok || status == Status::skipped; }
  /// Were the times measured with at most `quiet_cores` of other work, in the median over the repeats? Not where the run
  /// disowns them, cells ran side by side, or earlier tries had begun its trainings. Nothing: nobody knows, as in records
  /// of older programs, or where repeats are too short to tell (RepeatConditions).
  std::optional<bool> quiet() const;
  /// Nothing speaks against its times: they count, and tables do not mark them. Also where nobody knows.
  bool is_quiet() const { return quiet().value_or(true); }
  Json to_json() const;
  /// Throws UserError when a key is missing or of a wrong type.
  static CellRecord from_json(const Json& json, const Place& place);
};

/// What the records themselves do not say, and whoever made the run knows: these times were taken beside other work.
struct DisturbedTimes {
  std::string why;                   ///< half a sentence
  std::vector<std::string> cells{};  ///< ids; empty: all of the run
  std::size_t records = 0;           ///< so many lines of cells.jsonl, the first: what came later is not meant; 0: all
};

/// What must be known to trust a figure: run.json.
struct Provenance {
  static constexpr int schema = 1;
  std::string name;  ///< of the run: the plan file's stem
  Json plan;         ///< {file, sha256, text, overrides, threads: {plan name: OMP_NUM_THREADS of its cells, of
                     ///< an axis the list of them}, ranks: likewise, where a cell has several,
                     ///< tables: {plan name: those that a report shows by default}, where the plan names some,
                     ///< measure: {plan name: to_json(Measure)}, place: hash of where the file lies, stale: ids of
                     ///< finished cells that the plan does not have any more, cells: ids in the plan's order, where
                     ///< the records may stand in another one: measure.order,
                     ///< a part of the plan, a merge}
  Json build;        ///< {version, commit, dirty, diff, type, compiler, flags, libraries: {onednn: ...}}
  Json machine;      ///< machine_facts(), and backends: {cpu: {...}, ...}; of a mixed run the first machine
  std::map<std::string, Json> machines{};     ///< of a mixed run: machine_id() -> block, of all its machines
  std::optional<DisturbedTimes> disturbed{};  ///< none: the records' conditions tell, where they know
  std::string started;                        ///< ISO 8601 UTC
  std::vector<std::string> command;
  std::vector<MetricDescriptor> metrics;           ///< so that judge and report know direction and format
  std::map<std::string, std::string> clocks;       ///< workload -> what is inside the clock
  std::map<std::string, std::string> determinism;  ///< plan name -> determinism_text()

  /// Null when nobody declared it.
  const MetricDescriptor* metric(std::string_view wanted) const;
  Json to_json() const;
  static Provenance from_json(const Json& json, const Place& place);
};

/// A run read back, without its stale cells and the times that it disowns: the last record of each id, in the plan's
/// order. A torn last line (a crash while writing) is ignored; any other damage is a UserError with file and line.
struct Run {
  std::filesystem::path folder;
  Provenance provenance;
  std::vector<CellRecord> cells;
  std::size_t planned = 0;  ///< cells of its plan; 0: records of an older program, or of a search, which do not say
  std::size_t to_do = 0;    ///< those of them that have no record
};

/// One run for each machine of a mixed run; else the run itself.
std::vector<Run> by_machine(Run run);

/// `path` is a run folder, or a cells.jsonl beside its run.json.
Run load_run(const std::filesystem::path& path);

/// What a run that begins brings beside its provenance.
struct RunScope {
  bool start_anew = false;                          ///< begins an empty record and keeps the old one as cells.jsonl.bak
  bool mix = false;                                 ///< another machine may go on with the run
  std::vector<InputRecord> inputs{};                ///< of all its cells
  std::optional<std::vector<std::string>> cells{};  ///< ids of all cells of the plan file; nothing: a search, whose
                                                    ///< cells are found while it goes on
};

/// Appends records to a run folder, one fsynced line each; holds an exclusive lock while it lives.
class ResultStore {
 public:
  /// Opens or makes the folder. When it holds a run already, its build, machine, kernels, and the threads, measure
  /// and determinism of plans of the same name must be these (UserError says how to go on: another --out, or --rerun
  /// all), the last three where a cell has ended well; else its plan may differ, since ids decide which cells are done. A file that a finished cell has read must still
  /// have the content it had. Another plan file may go on only where it has all cells of the run; cells that the same
  /// file has no more are stale().
  /// Starting anew keeps the old files as cells.jsonl.bak and run.json.bak (.bak.1, .bak.2, ... when these are taken).
  ResultStore(std::filesystem::path folder, const Provenance& provenance, const RunScope& scope);
  ~ResultStore();
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<CellRecord>& existing() const { return existing_; }
  /// Ids of finished cells that the plan file does not have any more: load_run() leaves them out.
  const std::vector<std::string>& stale() const { return stale_; }
  /// Notes the machine, where it is not the run's first. When this returns the record is on the disk. Throws OutputError
  /// when it cannot be written, or the file is not the one in the folder any more; then nothing of it stays, and all
  /// later records are refused with the same error.
  void append(CellRecord record);

 private:
  std::filesystem::path folder_;
  std::vector<CellRecord> existing_;
  std::vector<std::string> stale_;
  std::string machine_;  ///< for the records; empty: the run's first
  std::optional<FolderLock> lock_;
  int file_ = -1;
  off_t length_ = 0;     ///< of the whole lines
  std::string failure_;  ///< of the first record that could not be written; empty: none
};

}  // namespace frugal::harness
