// For programs.
#include <nlohmann/json.hpp>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/formats/words.hpp"

namespace frugal::harness {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson json_number(const std::optional<double>& value) { return value ? OrderedJson(*value) : OrderedJson(); }

OrderedJson json_of(const Finding& finding) {
  return {{"id", finding.id},
          {"suite", finding.suite},
          {"cell", finding.cell},
          {"metric", finding.metric},
          {"unit", finding.unit},
          {"direction", to_word(direction_names, finding.direction)},
          {"verdict", to_string(finding.verdict)},
          {"failed", finding.failed()},
          {"baseline", json_number(finding.baseline)},
          {"current", json_number(finding.current)},
          {"baseline_n", finding.baseline_n},
          {"current_n", finding.current_n},
          {"half_width", json_number(finding.half_width)},
          {"tolerance", finding.tolerance},
          {"message", finding.message}};
}

OrderedJson json_of(const Speed& speed) {
  OrderedJson json{{"verdict", to_word(speed_names, speed.verdict)}};
  if (speed.verdict == SpeedVerdict::not_comparable) {
    json["why"] = speed.why;
    return json;
  }
  json["ratio"] = speed.ratio;
  json["low"] = speed.interval ? OrderedJson(speed.interval->first) : OrderedJson();
  json["high"] = speed.interval ? OrderedJson(speed.interval->second) : OrderedJson();
  json["tolerance"] = speed.tolerance;
  json["cells"] = speed.cells;
  return json;
}

OrderedJson json_of(const Judgement& judgement) {
  OrderedJson json{{"schema", 1},
                   {"run", judgement.run},
                   {"baseline", judgement.baseline},
                   {"passed", judgement.passed()},
                   {"how", judgement.how}};
  if (judgement.speed) json["speed"] = json_of(*judgement.speed);
  json["counts"] = OrderedJson::object();
  for (const Verdict verdict : all_verdicts) json["counts"][to_string(verdict)] = judgement.count(verdict);
  json["new_cells"] = judgement.new_cells;
  json["left_out"] = judgement.left_out;
  json["notes"] = judgement.notes;
  json["setup"] = OrderedJson::object();
  for (const SetupFact& fact : judgement.setup)
    json["setup"][fact.name] = {{"baseline", fact.baseline}, {"run", fact.current}};
  json["findings"] = OrderedJson::array();
  for (const Finding& finding : judgement.findings) json["findings"].push_back(json_of(finding));
  return json;
}

}  // namespace

std::string to_json_text(const Judgement& judgement) { return json_of(judgement).dump(2) + "\n"; }

std::string compared_json(std::span<const Judgement> judgements) {
  OrderedJson json = OrderedJson::array();
  for (const Judgement& judgement : judgements) json.push_back(json_of(judgement));
  return json.dump(2) + "\n";
}

}  // namespace frugal::harness
