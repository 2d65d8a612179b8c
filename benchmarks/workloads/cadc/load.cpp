#include "benchmarks/workloads/cadc/load.hpp"

#include <string>
#include <utility>

#include "benchmarks/workloads/shared/inputs.hpp"
#include "benchmarks/workloads/shared/shared.hpp"
#include "datasets/load/interactions.hpp"

namespace frugal::workloads {
namespace {

/// What load_split() takes beside the ranks.
struct Request {
  Json dataset;  ///< complete
  std::vector<std::filesystem::path> data_dirs;
  std::uint64_t seed = 0;
  data::SplitWishes wishes;

  data::Split load(Communicator& ranks) const { return data::load_split(dataset, data_dirs, seed, wishes, ranks); }

  Json to_json(const std::string& workload) const {
    Json dirs = Json::array();
    for (const std::filesystem::path& dir : data_dirs) dirs.push_back(dir.string());
    return {{"workload", workload},
            {"dataset", dataset},
            {"data_dirs", std::move(dirs)},
            {"seed", seed},
            {"tested_users", wishes.tested_users},
            {"validation", wishes.validation}};
  }

  static Request from_json(const Json& json) {
    Request request{.dataset = json.at("dataset"),
                    .data_dirs = {},
                    .seed = json.at("seed"),
                    .wishes = {.tested_users = json.at("tested_users"), .validation = json.at("validation")}};
    for (const Json& dir : json.at("data_dirs")) request.data_dirs.emplace_back(dir.get<std::string>());
    return request;
  }
};

}  // namespace

data::Split load_split_of(const harness::Cell& cell, const std::vector<std::filesystem::path>& data_dirs) {
  const Json& own = cell.own();
  const bool stops_early = own.at("model") == "two_tower" && own.at("tower").at("patience") > 0;
  const Request request{.dataset = located_dataset(cell),
                        .data_dirs = data_dirs,
                        .seed = cell.seed,
                        .wishes = {.tested_users = own.at("eval_users"), .validation = stops_early}};
  data::Split split;
  split.train = backend_of(cell).load_together(request.to_json(cell.workload).dump(), [&](Communicator& ranks) {
    split = request.load(ranks);
    return std::move(split.train);
  });
  return split;
}

PackedPairs load_part_of_split(const Json& request, Communicator& ranks) {
  return std::move(Request::from_json(request).load(ranks).train);
}

}  // namespace frugal::workloads
