#include "datasets/synthetic/from_params.hpp"

namespace frugal::data {

InteractionsSpec interactions_spec(const Params& params) {
  InteractionsSpec spec;
  spec.users = static_cast<std::uint32_t>(params.at("users"));
  spec.items = static_cast<std::uint32_t>(params.at("items"));
  spec.interactions = static_cast<std::uint64_t>(params.at("interactions"));
  spec.rank = static_cast<int>(params.at("rank"));
  spec.popularity = params.at("popularity");
  spec.signal = params.at("signal");
  return spec;
}

ClicksSpec clicks_spec(const Params& params) {
  ClicksSpec spec;
  spec.examples = static_cast<std::uint64_t>(params.at("examples"));
  spec.test_examples = static_cast<std::uint64_t>(params.at("test_examples"));
  spec.tables = static_cast<int>(params.at("tables"));
  spec.rows = static_cast<std::uint32_t>(params.at("rows"));
  spec.dense_features = static_cast<int>(params.at("dense_features"));
  spec.signal = params.at("signal");
  return spec;
}

}  // namespace frugal::data
