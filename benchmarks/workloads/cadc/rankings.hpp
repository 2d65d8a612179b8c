// What a model ranks for whom, as the run files of TREC that trec_eval, ranx and others read:
//
//   qrels.trec          user 0 item 1                  the held-out items
//   run_PROTOCOL.trec   user Q0 item rank score frugal
//
// Ranks count from 1. run_neg=N or run_pop=N hold each user's candidates, run_full the first 100 of all items but those
// of the user's training interactions. Held-out items stand where the model's own evaluation ranks them, ties against
// them, so that HR@10 and NDCG@10 of these files are those of the record. Tools sort by score, so where scores tie,
// the later one is written a rounding step lower.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "datasets/interactions/interactions.hpp"
#include "impl/api/ranking.hpp"

namespace frugal::workloads {

/// The scores of pairs, in their order.
using ScorePairs = std::function<std::vector<float>(std::span<const Interaction>)>;

/// A line "user<TAB>item" for each training interaction, below one that says so; ids as export_ids() writes them.
void export_training(const std::filesystem::path& file, const data::Split& split);

/// Ids are the original ones; in these files, which blanks separate, blanks and % of an id are written as %20 and the
/// like. progress is told the share that is done.
void export_rankings(const std::filesystem::path& folder, const data::Split& split, const Ranker& ranker,
                     const ScorePairs& score, const std::function<void(double)>& progress);

}  // namespace frugal::workloads
