// The JSON forms of records and provenance. Keys are fixed: other tools read them (results/schema/).
#include "benchmarks/harness/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/plan/json_reader.hpp"

namespace frugal::harness {
namespace {

std::map<std::string, std::string> string_map(const JsonReader& reader, const char* key) {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : reader.object(key).items()) {
    if (!value.is_string()) reader.fail(std::string("key '") + key + "." + name + "' is not a string");
    result[name] = value.get<std::string>();
  }
  return result;
}

MetricDescriptor descriptor_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "a metric");
  MetricDescriptor metric;
  metric.name = reader.string("name");
  metric.unit = reader.string("unit");
  metric.direction = from_word(direction_names, "direction", reader.string("direction"), place);
  metric.format = reader.string("format");
  metric.help = reader.string("help");
  if (json.contains("exact")) metric.exact = reader.boolean("exact");  // records before there were any lack it
  return metric;
}

/// A quantity that a record has where it could be read.
template <class Holder>
struct OptionalKey {
  const char* name;
  std::optional<double> Holder::*value;
};
constexpr OptionalKey<RepeatConditions> condition_keys[] = {
    {"load", &RepeatConditions::load},   {"others", &RepeatConditions::others},
    {"steal", &RepeatConditions::steal}, {"cpu_s", &RepeatConditions::cpu_s},
    {"mhz", &RepeatConditions::mhz},     {"throttled", &RepeatConditions::throttled}};
constexpr OptionalKey<StageUse> use_keys[] = {{"cpu_s", &StageUse::cpu_s},
                                              {"instructions", &StageUse::instructions},
                                              {"faults", &StageUse::faults},
                                              {"switches", &StageUse::switches},
                                              {"joules", &StageUse::joules},
                                              {"mhz", &StageUse::mhz},
                                              {"celsius", &StageUse::celsius},
                                              {"throttled", &StageUse::throttled},
                                              {"device_joules", &StageUse::device_joules},
                                              {"device_mhz", &StageUse::device_mhz},
                                              {"device_celsius", &StageUse::device_celsius},
                                              {"device_throttled", &StageUse::device_throttled},
                                              {"rank_cpu_s", &StageUse::rank_cpu_s},
                                              {"rank_bytes", &StageUse::rank_bytes},
                                              {"rank_messages", &StageUse::rank_messages}};

template <class Holder, std::size_t n>
Json optional_json(const Holder& holder, const OptionalKey<Holder> (&keys)[n]) {
  Json json = Json::object();
  for (const auto& [name, value] : keys)
    if (holder.*value) json[name] = *(holder.*value);
  return json;
}

template <class Holder, std::size_t n>
Holder optional_from_json(const JsonReader& reader, const Json& json, const OptionalKey<Holder> (&keys)[n]) {
  Holder holder;
  for (const auto& [name, value] : keys)
    if (json.contains(name)) holder.*value = reader.number(name);
  return holder;
}

constexpr std::pair<const char*, double DeviceRates::*> cache_keys[] = {
    {"l1", &DeviceRates::l1}, {"l2", &DeviceRates::l2}, {"l3", &DeviceRates::l3}};

Json disturbed_json(const DisturbedTimes& disturbed) {
  Json json = {{"why", disturbed.why}};
  if (!disturbed.cells.empty()) json["cells"] = disturbed.cells;
  if (disturbed.records > 0) json["records"] = disturbed.records;
  return json;
}

DisturbedTimes disturbed_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "disturbed");
  DisturbedTimes disturbed{reader.string("why")};
  if (json.contains("cells"))
    for (const Json& id : reader.list("cells")) {
      if (!id.is_string()) reader.fail("'cells' holds what is no id: " + id.dump());
      disturbed.cells.push_back(id.get<std::string>());
    }
  if (json.contains("records")) disturbed.records = reader.natural("records");
  return disturbed;
}

InputRecord input_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "an input");
  return {reader.string("file"), reader.string("sha256"), static_cast<std::uint64_t>(reader.number("bytes")),
          json.contains("modified") && reader.boolean("modified"),
          json.contains("content") ? reader.string("content") : ""};
}

}  // namespace

Json to_json(const InputRecord& input) {
  Json json = {{"file", input.file}, {"sha256", input.sha256}, {"bytes", input.bytes}};
  if (input.modified) json["modified"] = true;
  if (!input.content.empty()) json["content"] = input.content;
  return json;
}

Json to_json(const RepeatConditions& conditions) { return optional_json(conditions, condition_keys); }

RepeatConditions conditions_from_json(const Json& json, const Place& place) {
  return optional_from_json(JsonReader(json, place, "conditions"), json, condition_keys);
}

Json to_json(const StageUse& use) { return optional_json(use, use_keys); }

Json to_json(const StageRecord& stage) {
  Json json = {{"name", stage.name},
               {"wall_s", stage.wall_s},
               {"flops", stage.flops},
               {"bytes", stage.bytes},
               {"sines", stage.sines}};
  for (const StageUse& use : stage.use) json["use"].push_back(to_json(use));
  return json;
}

Json to_json(const DeviceRates& limits) {
  Json json = {{"flops", limits.flops}, {"bytes", limits.bytes}, {"sines", limits.sines}};
  for (const auto& [name, rate] : cache_keys)
    if (limits.*rate > 0) json[name] = limits.*rate;
  if (!limits.precision.empty()) json["precision"] = limits.precision;
  return json;
}

Json to_json(const LossCurve& curve) {
  return {{"name", curve.name}, {"steps", curve.steps}, {"losses", curve.losses}};
}

Json to_json(const Sampling& sampling) {
  Json json = {{"ended_by", to_word(sampling_end_names, sampling.ended_by)}};
  if (sampling.rel_ci) json["rel_ci"] = *sampling.rel_ci;
  return json;
}

StageRecord stage_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "a stage");
  StageRecord stage;
  stage.name = reader.string("name");
  for (const Json& sample : reader.list("wall_s")) {
    if (!sample.is_number()) reader.fail("'" + stage.name + "' has a sample that is not a number");
    stage.wall_s.push_back(sample.get<double>());
  }
  stage.flops = reader.number("flops");
  stage.bytes = reader.number("bytes");
  if (json.contains("sines")) stage.sines = reader.number("sines");  // records before there were any lack it
  if (json.contains("use"))
    for (const Json& use : reader.list("use"))
      stage.use.push_back(optional_from_json(JsonReader(use, place, "use"), use, use_keys));
  return stage;
}

DeviceRates limits_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "limits");
  DeviceRates limits{.flops = reader.number("flops"), .bytes = reader.number("bytes"), .sines = reader.number("sines")};
  for (const auto& [name, rate] : cache_keys)
    if (json.contains(name)) limits.*rate = reader.number(name);
  if (json.contains("precision")) limits.precision = reader.string("precision");
  return limits;
}

LossCurve curve_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "a curve");
  LossCurve curve{.name = reader.string("name")};
  for (const auto& [key, values] : {std::pair{"steps", &curve.steps}, std::pair{"losses", &curve.losses}})
    for (const Json& value : reader.list(key)) {
      if (!value.is_number()) reader.fail("'" + curve.name + "' has a point that is no number");
      values->push_back(value.get<double>());
    }
  if (curve.steps.size() != curve.losses.size()) reader.fail("'" + curve.name + "' has not one loss a step");
  return curve;
}

Sampling sampling_from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "sampling");
  Sampling sampling;
  sampling.ended_by = from_word(sampling_end_names, "end of the repeats", reader.string("ended_by"), place);
  if (json.contains("rel_ci")) sampling.rel_ci = reader.number("rel_ci");
  return sampling;
}

std::string to_string(Status status) { return std::string(to_word(status_names, status)); }

const StageRecord* CellRecord::stage(std::string_view name) const {
  for (const StageRecord& candidate : stages)
    if (candidate.name == name) return &candidate;
  return nullptr;
}

std::optional<bool> CellRecord::quiet() const {
  if (disowned || jobs > 1 || !taken_up.empty()) return false;
  if (conditions.empty()) return std::nullopt;
  std::size_t disturbed = 0, unknown = 0;
  for (const RepeatConditions& one : conditions) {
    if (!one.others && !one.steal) ++unknown;
    if (one.others.value_or(0) + one.steal.value_or(0) > quiet_cores) ++disturbed;
  }
  // Of an even number the mean of the two in the middle is the time: so many make one of these disturbed.
  const std::size_t enough = (conditions.size() + 1) / 2;
  if (disturbed >= enough) return false;
  if (disturbed + unknown >= enough) return std::nullopt;
  return true;
}

Json CellRecord::to_json() const {
  Json json = {{"schema", schema},
               {"id", id},
               {"workload", cell.workload},
               {"backend", cell.backend},
               {"dataset", cell.dataset},
               {"params", cell.params.json()},
               {"seed", cell.seed},
               {"implementation", implementation},
               {"status", to_string(status)},
               {"error", error}};
  if (!cell.execution.empty()) json["execution"] = cell.execution;
  json["metrics"] = Json::object();
  for (const auto& [name, value] : metrics)
    if (std::isfinite(value)) json["metrics"][name] = value;
  json["stages"] = Json::array();
  for (const StageRecord& stage : stages) json["stages"].push_back(harness::to_json(stage));
  if (limits.bytes > 0) json["limits"] = harness::to_json(limits);
  for (const LossCurve& curve : curves) json["curves"].push_back(harness::to_json(curve));
  if (!absent.empty()) json["absent"] = absent;
  if (!protocol.empty()) json["protocol"] = protocol;
  for (const RepeatConditions& one : conditions) json["conditions"].push_back(harness::to_json(one));
  if (sampling) json["sampling"] = harness::to_json(*sampling);
  if (threads > 0) json["threads"] = threads;
  if (ranks > 1) json["ranks"] = ranks;
  if (!hosts.empty()) json["hosts"] = hosts;
  if (jobs > 1) json["jobs"] = jobs;
  if (!cpus.empty()) json["cpus"] = cpus;
  if (!machine.empty()) json["machine"] = machine;
  if (!taken_up.empty()) json["taken_up"] = taken_up;
  for (const InputRecord& input : inputs) json["inputs"].push_back(harness::to_json(input));
  return json;
}

CellRecord CellRecord::from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "a record");
  reader.require_schema(schema);
  CellRecord record;
  record.id = reader.string("id");
  record.cell = Cell::from_json(json, place);
  record.implementation = reader.string("implementation");
  record.status = from_word(status_names, "status", reader.string("status"), place);
  record.error = reader.string("error");
  for (const auto& [name, value] : reader.object("metrics").items()) {
    if (!value.is_number()) reader.fail("metric '" + name + "' is not a number: " + value.dump());
    record.metrics[name] = value.get<double>();
  }
  for (const Json& stage : reader.list("stages")) record.stages.push_back(stage_from_json(stage, place));
  if (json.contains("limits")) record.limits = limits_from_json(json.at("limits"), place);
  if (json.contains("curves"))
    for (const Json& curve : reader.list("curves")) record.curves.push_back(curve_from_json(curve, place));
  if (json.contains("absent")) record.absent = string_map(reader, "absent");
  if (json.contains("protocol")) record.protocol = reader.string("protocol");
  if (json.contains("inputs"))
    for (const Json& input : reader.list("inputs")) record.inputs.push_back(input_from_json(input, place));
  if (json.contains("conditions"))
    for (const Json& one : reader.list("conditions")) record.conditions.push_back(conditions_from_json(one, place));
  if (json.contains("sampling")) record.sampling = sampling_from_json(json.at("sampling"), place);
  if (json.contains("threads"))
    record.threads = static_cast<int>(std::min<std::uint64_t>(reader.natural("threads"), max_threads));
  if (json.contains("ranks"))
    record.ranks = static_cast<int>(std::min<std::uint64_t>(reader.natural("ranks"), max_ranks));
  if (json.contains("hosts"))
    for (const Json& host : reader.list("hosts")) {
      if (!host.is_string()) reader.fail("'hosts' holds what is no string: " + host.dump());
      record.hosts.push_back(host.get<std::string>());
    }
  if (json.contains("jobs")) record.jobs = static_cast<int>(std::min<std::uint64_t>(reader.natural("jobs"), most_jobs));
  if (json.contains("cpus"))
    for (const Json& cpu : reader.list("cpus")) {
      constexpr int most_processors = 65536;  // of any kernel
      if (!cpu.is_number_integer() || cpu < 0 || cpu >= most_processors)
        reader.fail("'cpus' holds what is no processor: " + cpu.dump());
      record.cpus.push_back(cpu.get<int>());
    }
  if (json.contains("machine")) record.machine = reader.string("machine");
  if (json.contains("taken_up"))
    for (const auto& [training, done] : reader.object("taken_up").items()) {
      if (!done.is_number_unsigned()) reader.fail("'taken_up' holds what is no number of steps: " + done.dump());
      record.taken_up[training] = done.get<std::uint64_t>();
    }
  return record;
}

const MetricDescriptor* Provenance::metric(std::string_view wanted) const {
  const auto found = std::ranges::find(metrics, wanted, &MetricDescriptor::name);
  return found == metrics.end() ? nullptr : &*found;
}

Json Provenance::to_json() const {
  Json json = {{"schema", schema},   {"name", name},       {"plan", plan},
               {"build", build},     {"machine", machine}, {"started", started},
               {"command", command}, {"clocks", clocks},   {"determinism", determinism}};
  if (!machines.empty()) json["machines"] = machines;
  if (disturbed) json["disturbed"] = disturbed_json(*disturbed);
  json["metrics"] = Json::array();
  for (const MetricDescriptor& metric : metrics)
    json["metrics"].push_back({{"name", metric.name},
                               {"unit", metric.unit},
                               {"direction", to_word(direction_names, metric.direction)},
                               {"format", metric.format},
                               {"help", metric.help},
                               {"exact", metric.exact}});
  return json;
}

Provenance Provenance::from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "the run");
  reader.require_schema(schema);
  Provenance provenance;
  provenance.name = reader.string("name");
  provenance.plan = reader.object("plan");
  const Json tables = provenance.plan.value("tables", Json::object());
  const auto is_list_of_names = [](const Json& one) {
    return one.is_array() && std::ranges::all_of(one, [](const Json& name) { return name.is_string(); });
  };
  if (!tables.is_object() || !std::ranges::all_of(tables, is_list_of_names))
    reader.fail("key 'tables' of its plan does not list tables by name");
  if (!is_list_of_names(provenance.plan.value("overrides", Json::array())))
    reader.fail("key 'overrides' of its plan does not list settings");
  for (const char* key : {"threads", "ranks", "measure"})
    if (!provenance.plan.value(key, Json::object()).is_object())
      reader.fail(fmt::format("key '{}' of its plan is no object", key));
  const Json measures = provenance.plan.value("measure", Json::object());
  if (!std::ranges::all_of(measures, [](const Json& one) { return one.is_object(); }))
    reader.fail("key 'measure' of its plan does not say how cells were timed, by plan");
  provenance.build = reader.object("build");
  provenance.machine = reader.object("machine");
  if (json.contains("machines"))
    for (const auto& [id, block] : reader.object("machines").items()) provenance.machines[id] = block;
  if (json.contains("disturbed")) provenance.disturbed = disturbed_from_json(json.at("disturbed"), place);
  provenance.started = reader.string("started");
  for (const Json& word : reader.list("command")) {
    if (!word.is_string()) reader.fail("key 'command' holds something that is not a string");
    provenance.command.push_back(word.get<std::string>());
  }
  for (const Json& metric : reader.list("metrics")) provenance.metrics.push_back(descriptor_from_json(metric, place));
  provenance.clocks = string_map(reader, "clocks");
  provenance.determinism = string_map(reader, "determinism");
  return provenance;
}

}  // namespace frugal::harness
