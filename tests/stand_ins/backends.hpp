// Back ends that stand in for real ones: one that a test can look into, and some that are wrong on purpose. The program
// of this folder has a registry of its own (backends.cpp) that holds them; all compute as `reference` does.
#pragma once
#include <map>
#include <string>

namespace frugal::stand_ins {

/// What the models of the back end `recording` were made and trained with, by "model.setting": the whole
/// specification, "model.given" (the training examples) and "model.trained" (steps or epochs).
using Record = std::map<std::string, std::string>;

/// Since the last clear(). The order of calls does not show.
Record& recorded();

}  // namespace frugal::stand_ins
