// Resolved parameters (catalog.hpp) to the generators' settings.
#pragma once
#include <map>
#include <string>

#include "datasets/synthetic/clicks.hpp"
#include "datasets/synthetic/interactions.hpp"

namespace frugal::data {

using Params = std::map<std::string, double>;

InteractionsSpec interactions_spec(const Params& params);
ClicksSpec clicks_spec(const Params& params);

}  // namespace frugal::data
