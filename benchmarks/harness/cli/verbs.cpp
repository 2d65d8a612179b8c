#include "benchmarks/harness/cli/verbs.hpp"

#include <algorithm>

#include "benchmarks/harness/cli/backend_facts.hpp"
#include "benchmarks/harness/run/cell_main.hpp"
#include "benchmarks/harness/run/limits_main.hpp"
#include "benchmarks/harness/run/rank_job.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

const Verb* verb_with_word(const std::vector<Verb>& among, const std::string& word) {
  const auto found = std::ranges::find(among, word, &Verb::word);
  return found == among.end() ? nullptr : &*found;
}

std::vector<std::string> words_of_verbs(const std::vector<Verb>& among) {
  std::vector<std::string> words;
  for (const Verb& verb : among) {
    if (!verb.hidden()) words.push_back(verb.word());
  }
  return words;
}

}  // namespace

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = [] {
    std::vector<Verb> table = {doctor_verb(),  list_verb(),   data_verb(),    plan_verb(),
                               run_verb(),     submit_verb(), merge_verb(),   search_verb(),
                               verify_verb(),  report_verb(), check_verb(),   baseline_verb(),
                               compare_verb(), trend_verb(),  capsule_verb(), reproduce_verb()};
    table.push_back(help_verb(words_of_verbs(table)));
    table.push_back(documents_verb());
    table.push_back({.name = cell_verb, .summary = "", .run = [](const Call& call) {
                       return cell_main(call.workloads, device_readings);
                     }});
    table.push_back({.name = rank_verb, .summary = "", .run = [](const Call& call) {
                       return rank_main(call.workloads, device_readings, join_job);
                     }});
    table.push_back(
        {.name = limits_verb, .summary = "", .run = [](const Call&) { return limits_main(device_probes); }});
    return table;
  }();
  return all;
}

const Verb& find_verb(Args& words) {
  const Verb* verb = verb_with_word(verbs(), words.at(0));
  if (verb == nullptr) {
    throw UserError(unknown_word("verb", words[0], words_of_verbs(verbs())) + " (frugal --help lists the verbs)");
  }
  words.erase(words.begin());
  const bool wants_action = !verb->actions.empty() && !words.empty() && !words[0].starts_with('-');
  if (!wants_action) return *verb;
  const Verb* action = verb_with_word(verb->actions, words[0]);
  if (action == nullptr) {
    throw UserError(unknown_word("action of " + verb->name, words[0], words_of_verbs(verb->actions)) + " (frugal " +
                    verb->name + " --help says more)");
  }
  words.erase(words.begin());
  return *action;
}

}  // namespace frugal::harness
