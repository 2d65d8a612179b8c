// Completions for the shells, made from the table of verbs: verbs, actions, options and the values they know.
#pragma once
#include <string>

namespace frugal::harness {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace frugal::harness
