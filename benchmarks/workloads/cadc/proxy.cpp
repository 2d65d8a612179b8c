#include "benchmarks/workloads/cadc/proxy.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cassert>

#include "impl/base/philox.hpp"

namespace frugal::workloads {
namespace {

/// u.v + the item's bias: a user's own bias moves all its items alike.
class ItemScores {
 public:
  explicit ItemScores(const ModelState& factors)
      : users_(*factors.find("user_factors")),
        items_(*factors.find("item_factors")),
        bias_(factors.find("item_bias")) {}

  Eigen::Index dim() const { return static_cast<Eigen::Index>(items_.shape.at(1)); }

  float operator()(std::uint32_t user, std::uint32_t item) const {
    const float dot = row(users_, user).dot(row(items_, item));
    return bias_ ? dot + bias_->values[item] : dot;
  }

 private:
  Eigen::Map<const Eigen::VectorXf> row(const NamedTensor& table, std::uint32_t number) const {
    return {table.values.data() + static_cast<Eigen::Index>(number) * dim(), dim()};
  }

  const NamedTensor& users_;
  const NamedTensor& items_;
  const NamedTensor* bias_;
};

}  // namespace

ProxyWatch::ProxyWatch(Sampling sampling, const data::Split& split, std::uint64_t seed)
    : forgetting_(sampling == Sampling::forgetting),
      split_(split),
      seen_(split),
      seed_(seed),
      memories_(split.train.size()) {
  assert(watches_proxy(sampling));
}

/// A block of the generator has a word a rival. An item that the user has is drawn again, at most `attempts` times: who
/// has nearly all items may be compared with one of them.
void ProxyWatch::draw(std::uint64_t number, std::uint32_t stream, std::uint32_t (&drawn)[rivals]) const {
  constexpr std::uint64_t attempts = 16;
  static_assert(rivals == 4);
  const Philox random(seed_, Purpose::proxy);
  const auto seen = seen_.of(split_.train[number].user);
  bool fresh[rivals] = {};
  for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
    const auto words = random.block(number | attempt << 56, stream);
    bool all = true;
    for (int k = 0; k < rivals; ++k) {
      if (fresh[k]) continue;
      drawn[k] = Philox::scale(words[static_cast<std::size_t>(k)], split_.items);
      fresh[k] = !std::ranges::binary_search(seen, drawn[k]);
      all = all && fresh[k];
    }
    if (all) return;
  }
}

double ProxyWatch::look(const ModelState& factors) {
  const ItemScores score(factors);
  ++looks_;
  const std::uint32_t stream = forgetting_ ? 0 : looks_;
  std::uint32_t drawn[rivals];
  for (std::size_t i = 0; i < split_.train.size(); ++i) {
    const auto& [user, item] = split_.train[i];
    draw(i, stream, drawn);
    const float own = score(user, item);
    int beaten_by = 0;
    for (const std::uint32_t rival : drawn) beaten_by += own > score(user, rival) ? 0 : 1;
    count(i, beaten_by);
  }
  return 2.0 * static_cast<double>(score.dim()) * (1 + rivals) * static_cast<double>(split_.train.size());
}

void ProxyWatch::count(std::size_t number, int beaten_by) {
  Memory& memory = memories_[number];
  if (!forgetting_) {
    memory.times += static_cast<std::uint32_t>(beaten_by);
    return;
  }
  const bool learnt = beaten_by == 0;
  if (memory.learnt && !learnt) ++memory.times;
  memory.learnt = learnt;
  memory.ever = memory.ever || learnt;
}

std::vector<float> ProxyWatch::scores() const {
  std::vector<float> scores;
  scores.reserve(memories_.size());
  for (const Memory& memory : memories_) {
    const bool never = forgetting_ && !memory.ever;
    scores.push_back(-static_cast<float>(never ? looks_ : memory.times));
  }
  return scores;
}

}  // namespace frugal::workloads
