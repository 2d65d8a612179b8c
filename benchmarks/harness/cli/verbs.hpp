// The one table of verbs.
#pragma once
#include <vector>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// In the order in which people are told of them; hidden ones last.
const std::vector<Verb>& verbs();

/// The verb or action that the words begin with; takes its words off. Throws UserError with a suggestion.
const Verb& find_verb(Args& words);

// One entry a file.
Verb doctor_verb();
Verb list_verb();
Verb data_verb();
Verb plan_verb();
Verb run_verb();
Verb submit_verb();
Verb merge_verb();
Verb search_verb();
Verb verify_verb();
Verb report_verb();
Verb check_verb();
Verb baseline_verb();
Verb compare_verb();
Verb trend_verb();
Verb capsule_verb();
Verb reproduce_verb();
Verb help_verb(std::vector<std::string> verbs);
Verb documents_verb();

}  // namespace frugal::harness
