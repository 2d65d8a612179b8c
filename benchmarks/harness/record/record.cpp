// The JSON forms of records and provenance. Keys are fixed: other tools read them (results/schema/).
#include "benchmarks/harness/record/record.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 5> status_names = {{{Status::ok, "ok"},
                                                                              {Status::failed, "failed"},
                                                                              {Status::skipped, "skipped"},
                                                                              {Status::timeout, "timeout"},
                                                                              {Status::oom, "oom"}}};

using Direction = MetricDescriptor::Direction;
constexpr std::array<std::pair<Direction, std::string_view>, 3> direction_names = {
    {{Direction::higher_is_better, "higher_is_better"},
     {Direction::lower_is_better, "lower_is_better"},
     {Direction::informative, "informative"}}};

template <class Value, std::size_t size>
std::string_view name_of(const std::array<std::pair<Value, std::string_view>, size>& names, Value value) {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  return "";
}

/// Reads the members of one JSON object, and says where and what when one is not as it should be.
class ObjectReader {
 public:
  ObjectReader(const Json& object, const Place& place, std::string what)
      : object_(object), place_(place), what_(std::move(what)) {
    if (!object.is_object()) fail("is not an object");
  }

  const Json& at(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) fail(std::string("has no key '") + key + "'");
    return *found;
  }

  const Json& object(const char* key) const { return typed(key, at(key).is_object(), "an object"); }
  const Json& list(const char* key) const { return typed(key, at(key).is_array(), "a list"); }
  std::string string(const char* key) const {
    return typed(key, at(key).is_string(), "a string").template get<std::string>();
  }
  double number(const char* key) const { return typed(key, at(key).is_number(), "a number").template get<double>(); }
  std::uint64_t natural(const char* key) const {
    // A number that was parsed is unsigned when it can be; one that a program put there may be signed.
    const Json& value = at(key);
    const bool right = value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
    return typed(key, right, "an integer from 0").get<std::uint64_t>();
  }

  template <class Value, std::size_t size>
  Value choice(const char* key, const std::array<std::pair<Value, std::string_view>, size>& names) const {
    const std::string text = string(key);
    std::vector<std::string> known;
    for (const auto& [value, name] : names) {
      if (name == text) return value;
      known.emplace_back(name);
    }
    throw UserError(place_, unknown_word(key, text, known));
  }

  void require_schema(int expected) const {
    const std::uint64_t found = natural("schema");
    if (found != static_cast<std::uint64_t>(expected))
      fail("has schema " + std::to_string(found) + ", but this program reads schema " + std::to_string(expected));
  }

  [[noreturn]] void fail(const std::string& message) const { throw UserError(place_, what_ + " " + message); }

 private:
  const Json& typed(const char* key, bool right, const char* expected) const {
    if (!right) fail(std::string("key '") + key + "' is not " + expected + ": " + at(key).dump());
    return at(key);
  }

  const Json& object_;
  const Place& place_;
  std::string what_;
};

std::map<std::string, std::string> string_map(const ObjectReader& reader, const char* key) {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : reader.object(key).items()) {
    if (!value.is_string()) reader.fail(std::string("key '") + key + "." + name + "' is not a string");
    result[name] = value.get<std::string>();
  }
  return result;
}

MetricDescriptor descriptor_from_json(const Json& json, const Place& place) {
  const ObjectReader reader(json, place, "a metric");
  MetricDescriptor metric;
  metric.name = reader.string("name");
  metric.unit = reader.string("unit");
  metric.direction = reader.choice("direction", direction_names);
  metric.format = reader.string("format");
  metric.help = reader.string("help");
  return metric;
}

}  // namespace

Json to_json(const StageRecord& stage) {
  return {{"name", stage.name},
          {"wall_s", stage.wall_s},
          {"flops", stage.flops},
          {"bytes", stage.bytes},
          {"sines", stage.sines}};
}

Json to_json(const DeviceRates& limits) {
  return {{"flops", limits.flops}, {"bytes", limits.bytes}, {"sines", limits.sines}};
}

StageRecord stage_from_json(const Json& json, const Place& place) {
  const ObjectReader reader(json, place, "a stage");
  StageRecord stage;
  stage.name = reader.string("name");
  for (const Json& sample : reader.list("wall_s")) {
    if (!sample.is_number()) reader.fail("'" + stage.name + "' has a sample that is not a number");
    stage.wall_s.push_back(sample.get<double>());
  }
  stage.flops = reader.number("flops");
  stage.bytes = reader.number("bytes");
  if (json.contains("sines")) stage.sines = reader.number("sines");  // records before there were any lack it
  return stage;
}

DeviceRates limits_from_json(const Json& json, const Place& place) {
  const ObjectReader reader(json, place, "limits");
  return {reader.number("flops"), reader.number("bytes"), reader.number("sines")};
}

std::string to_string(Status status) { return std::string(name_of(status_names, status)); }

const StageRecord* CellRecord::stage(std::string_view name) const {
  for (const StageRecord& candidate : stages)
    if (candidate.name == name) return &candidate;
  return nullptr;
}

Json CellRecord::to_json() const {
  Json json = {{"schema", schema},
               {"id", id},
               {"workload", cell.workload},
               {"backend", cell.backend},
               {"dataset", cell.dataset},
               {"params", cell.params},
               {"seed", cell.seed},
               {"implementation", implementation},
               {"status", to_string(status)},
               {"error", error}};
  json["metrics"] = Json::object();
  for (const auto& [name, value] : metrics)
    if (std::isfinite(value)) json["metrics"][name] = value;
  json["stages"] = Json::array();
  for (const StageRecord& stage : stages) json["stages"].push_back(harness::to_json(stage));
  if (limits.bytes > 0) json["limits"] = harness::to_json(limits);
  return json;
}

CellRecord CellRecord::from_json(const Json& json, const Place& place) {
  const ObjectReader reader(json, place, "a record");
  reader.require_schema(schema);
  CellRecord record;
  record.id = reader.string("id");
  record.cell.workload = reader.string("workload");
  record.cell.backend = reader.string("backend");
  record.cell.dataset = reader.object("dataset");
  record.cell.params = reader.object("params");
  record.cell.seed = reader.natural("seed");
  record.implementation = reader.string("implementation");
  record.status = reader.choice("status", status_names);
  record.error = reader.string("error");
  for (const auto& [name, value] : reader.object("metrics").items()) {
    if (!value.is_number()) reader.fail("metric '" + name + "' is not a number: " + value.dump());
    record.metrics[name] = value.get<double>();
  }
  for (const Json& stage : reader.list("stages")) record.stages.push_back(stage_from_json(stage, place));
  if (json.contains("limits")) record.limits = limits_from_json(json.at("limits"), place);
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
  json["metrics"] = Json::array();
  for (const MetricDescriptor& metric : metrics)
    json["metrics"].push_back({{"name", metric.name},
                               {"unit", metric.unit},
                               {"direction", name_of(direction_names, metric.direction)},
                               {"format", metric.format},
                               {"help", metric.help}});
  return json;
}

Provenance Provenance::from_json(const Json& json, const Place& place) {
  const ObjectReader reader(json, place, "the run");
  reader.require_schema(schema);
  Provenance provenance;
  provenance.name = reader.string("name");
  provenance.plan = reader.object("plan");
  provenance.build = reader.object("build");
  provenance.machine = reader.object("machine");
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
