#include "datasets/synthetic/params.hpp"

namespace frugal::data {
namespace {

using Type = ParamSpec::Type;

}  // namespace

std::vector<ParamSpec> interactions_params() {
  const InteractionsSpec spec;
  return {{"users", Type::integer, spec.users, "number of users", 1, 1e8},
          {"items", Type::integer, spec.items, "number of items", 2, 1e8},
          {"interactions", Type::integer, spec.interactions, "number of distinct pairs", 1, 1e10},
          {"rank", Type::integer, spec.rank, "number of planted tastes", 1, 4096},
          {"popularity", Type::real, spec.popularity, "exponent of the law", 0, 3},
          {"signal", Type::real, spec.signal,
           "share of interactions that follow the user's tastes; the rest follow popularity", 0, 1}};
}

InteractionsSpec interactions_spec(const Json& params) {
  return {.users = params.at("users"),
          .items = params.at("items"),
          .interactions = params.at("interactions"),
          .rank = params.at("rank"),
          .popularity = params.at("popularity"),
          .signal = params.at("signal")};
}

std::vector<ParamSpec> clicks_params() {
  const ClicksSpec spec;
  return {{"examples", Type::integer, spec.examples, "training examples", 1, 4294967295},
          {"test_examples", Type::integer, spec.test_examples, "test examples", 2, 1e9},
          {"tables", Type::integer, spec.tables, "categorical features", 1, 1024},
          {"rows", Type::integer, spec.rows, "ids a categorical feature", 1, 4e9},
          {"dense_features", Type::integer, spec.dense_features, "dense features", 1, 4096},
          {"signal", Type::real, spec.signal, "standard deviation of the logit", 0, 20}};
}

ClicksSpec clicks_spec(const Json& params) {
  return {.examples = params.at("examples"),
          .test_examples = params.at("test_examples"),
          .tables = params.at("tables"),
          .rows = params.at("rows"),
          .dense_features = params.at("dense_features"),
          .signal = params.at("signal")};
}

std::vector<ParamSpec> audio_params() { return {{"samples", Type::integer, 16'384, "number of samples", 1, 1e8}}; }

std::vector<ParamSpec> volume_params() {
  return {{"side", Type::integer, 32, "samples along each dimension", 1, 1024}};
}

}  // namespace frugal::data
