// Climbing along the axes, and along the bounds between them.
#include <optional>

#include "benchmarks/harness/search/strategies.hpp"

namespace frugal::harness {
namespace {

/// Up on one axis, down on another, or only one of the two.
struct Step {
  std::optional<std::size_t> up;
  std::optional<std::size_t> down;
};

class Steps {
 public:
  explicit Steps(const Problem& problem) : axes_(problem.axes()) {
    size_.resize(axes_);
    for (std::size_t i = 0; i < problem.structures.size(); ++i) {
      const std::vector<std::size_t>& at = problem.structures[i].at;
      position_[at] = i;
      for (std::size_t a = 0; a < axes_; ++a) size_[a] = std::max(size_[a], at[a] + 1);
    }
  }

  /// Larger ones first: more is what usually helps, and what a known bound has been left for.
  std::vector<Step> all() const {
    std::vector<Step> steps;
    for (std::size_t up = 0; up < axes_; ++up) steps.push_back({up, {}});
    for (std::size_t up = 0; up < axes_; ++up) {
      for (std::size_t down = 0; down < axes_; ++down) {
        if (up != down) steps.push_back({up, down});
      }
    }
    for (std::size_t down = 0; down < axes_; ++down) steps.push_back({{}, down});
    return steps;
  }

  /// Where the step leads, past values that the workload refuses; nothing when it leads out of the space.
  std::optional<std::size_t> from(std::vector<std::size_t> at, const Step& step) const {
    bool there = false;
    if (!step.up) {
      there = lower(at, *step.down);
    } else if (!step.down) {
      there = raise(at, *step.up);
    } else {
      there = slide(at, *step.up, *step.down);
    }
    return there ? std::optional(position_.at(at)) : std::nullopt;
  }

 private:
  bool raise(std::vector<std::size_t>& at, std::size_t axis) const {
    for (std::vector<std::size_t> next = at; ++next[axis] < size_[axis];) {
      if (!position_.contains(next)) continue;
      at = next;
      return true;
    }
    return false;
  }

  bool lower(std::vector<std::size_t>& at, std::size_t axis) const {
    for (std::vector<std::size_t> next = at; next[axis] > 0;) {
      --next[axis];
      if (!position_.contains(next)) continue;
      at = next;
      return true;
    }
    return false;
  }

  bool slide(std::vector<std::size_t>& at, std::size_t up, std::size_t down) const {
    std::vector<std::size_t> plain = at;
    const bool at_bound = !raise(plain, up);
    while (at[down] > 0) {
      --at[down];
      if (!raise(at, up)) continue;
      while (at_bound && raise(at, up)) continue;
      return true;
    }
    return false;
  }

  std::size_t axes_;
  std::vector<std::size_t> size_;  // of each axis: values that any structure has
  std::map<std::vector<std::size_t>, std::size_t> position_;
};

}  // namespace

void search_greedily(const Problem& problem, Lab& lab) {
  const Steps steps(problem);
  const std::vector<Step> all = steps.all();
  std::size_t here = middle_structure(problem);
  Score score = lab.ask(here);
  std::size_t first = 0;
  for (std::size_t tried = 0; tried < all.size();) {
    const std::size_t which = (first + tried) % all.size();
    const std::optional<std::size_t> there = steps.from(problem.structures[here].at, all[which]);
    ++tried;
    if (!there) continue;
    if (!lab.knows({*there, problem.full()}) && !lab.affords(problem.structures[*there].cost.back())) continue;
    const Score reached = lab.ask(*there);
    if (!better(reached, score)) continue;
    here = *there;
    score = reached;
    first = which;
    tried = 0;
  }
}

}  // namespace frugal::harness
