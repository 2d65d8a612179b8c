// What a plan may set of the generators, and what they make of it. The defaults are those of the structs.
#pragma once
#include <vector>

#include "datasets/synthetic/clicks.hpp"
#include "datasets/synthetic/interactions.hpp"
#include "impl/base/params.hpp"

namespace frugal::data {

/// Of InteractionsSpec.
std::vector<ParamSpec> interactions_params();
/// Of ClicksSpec.
std::vector<ParamSpec> clicks_params();
std::vector<ParamSpec> audio_params();   ///< samples
std::vector<ParamSpec> volume_params();  ///< side

/// params: an object that has all of interactions_params(), maybe more.
InteractionsSpec interactions_spec(const Json& params);

/// params: an object that has all of clicks_params(), maybe more.
ClicksSpec clicks_spec(const Json& params);

}  // namespace frugal::data
