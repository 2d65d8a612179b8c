#include "benchmarks/harness/run/message.hpp"

#include <nlohmann/json.hpp>

namespace frugal::harness {

Json CellRequest::to_json() const {
  Json dirs = Json::array();
  for (const auto& dir : data_dirs) dirs.push_back(dir.string());
  return {{"cell", cell.to_json()},
          {"folder", cell.folder.string()},
          {"measure", harness::to_json(measure)},
          {"determinism", static_cast<int>(determinism)},
          {"band", band},
          {"data_dirs", dirs},
          {"artifacts", artifacts.string()},
          {"timeout_s", timeout_s},
          {"threads", threads},
          {"ranks", ranks},
          {"cpus", cpus},
          {"exports", exports},
          {"checkpoints", checkpoints.string()},
          {"checkpoint_s", checkpoint_s}};
}

CellRequest CellRequest::from_json(const Json& json) {
  CellRequest request;
  request.cell = Cell::from_json(json.at("cell"));
  request.cell.folder = json.at("folder").get<std::string>();
  request.measure = measure_from_json(json.at("measure"));
  request.determinism = static_cast<Determinism>(json.at("determinism").get<int>());
  request.band = json.at("band").get<double>();
  for (const Json& dir : json.at("data_dirs")) request.data_dirs.emplace_back(dir.get<std::string>());
  request.artifacts = json.at("artifacts").get<std::string>();
  request.timeout_s = json.at("timeout_s").get<double>();
  request.threads = json.at("threads").get<int>();
  request.ranks = json.at("ranks").get<int>();
  request.cpus = json.at("cpus").get<std::vector<int>>();
  request.exports = json.at("exports").get<bool>();
  request.checkpoints = json.at("checkpoints").get<std::string>();
  request.checkpoint_s = json.at("checkpoint_s").get<double>();
  return request;
}

Json CellMessage::to_json() const {
  switch (kind) {
    case Kind::progress:
      return {{"progress", fraction}, {"stage", stage}};
    case Kind::stages: {
      Json list = Json::array();
      for (const StageRecord& one : stages) list.push_back(harness::to_json(one));
      return {{"stages", list}, {"conditions", harness::to_json(conditions)}};
    }
    case Kind::outcome:
      break;
  }
  Json json = {{"outcome", implementation},
               {"metrics", metrics},
               {"absent", absent},
               {"protocol", protocol},
               {"limits", harness::to_json(limits)},
               {"failure", static_cast<int>(failure)},
               {"error", error},
               {"hosts", hosts},
               {"taken_up", taken_up}};
  json["curves"] = Json::array();
  for (const LossCurve& curve : curves) json["curves"].push_back(harness::to_json(curve));
  if (sampling) json["sampling"] = harness::to_json(*sampling);
  return json;
}

CellMessage CellMessage::from_json(const Json& json) {
  CellMessage message;
  if (json.contains("progress")) {
    message.fraction = json.at("progress").get<double>();
    message.stage = json.at("stage").get<std::string>();
  } else if (json.contains("stages")) {
    message.kind = Kind::stages;
    for (const Json& one : json.at("stages")) message.stages.push_back(stage_from_json(one, {}));
    message.conditions = conditions_from_json(json.at("conditions"), {});
  } else {
    message.kind = Kind::outcome;
    message.implementation = json.at("outcome").get<std::string>();
    message.metrics = json.at("metrics").get<std::map<std::string, double>>();
    message.absent = json.at("absent").get<std::map<std::string, std::string>>();
    message.protocol = json.at("protocol").get<std::string>();
    message.limits = limits_from_json(json.at("limits"), {});
    for (const Json& curve : json.at("curves")) message.curves.push_back(curve_from_json(curve, {}));
    if (json.contains("sampling")) message.sampling = sampling_from_json(json.at("sampling"), {});
    message.failure = static_cast<Failure>(json.at("failure").get<int>());
    message.error = json.at("error").get<std::string>();
    message.hosts = json.at("hosts").get<std::vector<std::string>>();
    message.taken_up = json.at("taken_up").get<std::map<std::string, std::uint64_t>>();
  }
  return message;
}

}  // namespace frugal::harness
