#include "benchmarks/harness/search/lab.hpp"

namespace frugal::harness {

std::vector<Score> Lab::ask(std::span<const Ask> asks) {
  std::vector<Ask> fresh;
  for (const Ask& one : asks) {
    if (position_.try_emplace({one.structure, one.fidelity}, trials_.size() + fresh.size()).second)
      fresh.push_back(one);
  }
  const std::vector<MetricValues> measured = evaluate_(fresh);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const Structure& structure = problem_.structures[fresh[i].structure];
    spent_ += structure.cost[fresh[i].fidelity];
    trials_.push_back(
        {fresh[i], measured[i], score_of(problem_, structure, measured[i], fresh[i].fidelity == problem_.full())});
  }
  std::vector<Score> scores;
  scores.reserve(asks.size());
  for (const Ask& one : asks) scores.push_back(trials_[position_.at({one.structure, one.fidelity})].score);
  return scores;
}

Score Lab::ask(std::size_t structure) {
  const Ask one{structure, problem_.full()};
  return ask({&one, 1}).front();
}

const Trial* Lab::best() const {
  const Trial* best = nullptr;
  for (const Trial& trial : trials_) {
    if (trial.ask.fidelity != problem_.full()) continue;
    if (best == nullptr || better(trial.score, best->score)) best = &trial;
  }
  return best;
}

}  // namespace frugal::harness
