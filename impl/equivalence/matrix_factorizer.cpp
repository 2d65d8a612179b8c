// One epoch of each solver from the same state, and the ranks before it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "impl/base/permutation.hpp"
#include "impl/equivalence/case.hpp"
#include "impl/equivalence/random_state.hpp"

namespace frugal {
namespace {

struct MfCase {
  std::string name;
  MfSpec spec;
  std::size_t positives;
};

/// Sizes are multiples of nothing; dims are below, at and above the width of a vector register. The learning rate is
/// large, so that a wrong update is far outside the rounding. The regularization of ials keeps the condition number of
/// every row's equations below 10 or so: at these sizes reg is about as large as the eigenvalues of the Gram matrix of
/// U(+-1/2) rows, (1 + w0) * rows / 12.
std::vector<MfCase> mf_cases() {
  std::vector<MfCase> cases;
  for (const int dim : {1, 7, 16, 33, 64, 100}) {
    const MfSpec sgd{.users = 83, .items = 131, .dim = dim, .learning_rate = 0.05, .negatives = 3, .seed = 5};
    cases.push_back({fmt::format("logistic_sgd, dim={}", dim), sgd, 400});
    MfSpec ials = sgd;
    ials.solver = MfSolver::ials;
    ials.regularization = 0.1;
    cases.push_back({fmt::format("ials, dim={}", dim), ials, 400});
  }
  // Several users and items in each part of MfSchedule, and turns of many examples.
  const MfSpec parts{.users = 611, .items = 503, .dim = 3, .learning_rate = 0.01, .negatives = 1, .seed = 6};
  cases.push_back({"logistic_sgd, many rows a part", parts, 60'000});
  return cases;
}

std::vector<Interaction> mf_positives(const MfSpec& spec, std::size_t count) {
  // Distinct pairs in an order of no meaning: the first `count` of a permutation of all.
  const std::uint64_t pairs = std::uint64_t{spec.users} * spec.items;
  const Permutation order(pairs, spec.seed, 77);
  std::vector<Interaction> positives;
  for (std::uint64_t p = 0; p < std::min<std::uint64_t>(count, pairs); ++p) {
    const std::uint64_t pair = order(p);
    positives.push_back({static_cast<std::uint32_t>(pair / spec.items), static_cast<std::uint32_t>(pair % spec.items)});
  }
  return positives;
}

/// What ranks an item for a user, in double.
class MfScores {
 public:
  MfScores(const ModelState& state, int dim)
      : users_(state.find("user_factors")->values.data()),
        items_(state.find("item_factors")->values.data()),
        bias_(state.find("item_bias") ? state.find("item_bias")->values.data() : nullptr),
        dim_(static_cast<std::size_t>(dim)) {}

  double operator()(std::uint32_t user, std::uint32_t item) const {
    double sum = bias_ ? double{bias_[item]} : 0;
    for (std::size_t k = 0; k < dim_; ++k) sum += double{users_[user * dim_ + k]} * double{items_[item * dim_ + k]};
    return sum;
  }

 private:
  const float* users_;
  const float* items_;
  const float* bias_;
  std::size_t dim_;
};

/// The number of queries whose ranks differ by more than the candidates that nearly tie with the held-out item, those
/// within the rounding of two dot products, could explain. None may.
EquivalenceCheck compare_ranks(const std::vector<std::uint32_t>& oracle, const std::vector<std::uint32_t>& candidate,
                               const RankingQueries& queries, const ModelState& state, const MfSpec& spec,
                               std::string name) {
  EquivalenceCheck check{.name = std::move(name), .error = 0, .bound = 0, .unsupported = {}};
  if (oracle.size() != candidate.size()) {
    check.error = std::numeric_limits<double>::infinity();
    return check;
  }
  // Scores are sums of dim products of values up to 1/2 and a bias up to 1/2.
  const double rounding = 8 * double{std::numeric_limits<float>::epsilon()} * std::sqrt(spec.dim + 1.0);
  const MfScores score(state, spec.dim);
  for (std::size_t q = 0; q < oracle.size(); ++q) {
    const auto [user, held_out] = queries.held_out[q];
    double near_ties = -1;  // the held-out item itself
    for (std::uint32_t item = 0; item < spec.items; ++item)
      if (std::abs(score(user, item) - score(user, held_out)) <= rounding) ++near_ties;
    if (std::abs(static_cast<double>(oracle[q]) - static_cast<double>(candidate[q])) > near_ties) ++check.error;
  }
  return check;
}

void check_ranks(const MfCase& test, const std::vector<Interaction>& positives, const MatrixFactorizer& oracle,
                 const MatrixFactorizer& candidate, const ModelState& state, const std::string& prefix,
                 std::vector<EquivalenceCheck>& checks) {
  const Philox random(test.spec.seed, Purpose::test);
  constexpr int per_query = 20;
  std::vector<std::set<std::uint32_t>> seen_by(test.spec.users);
  for (const Interaction& pair : positives) seen_by[pair.user].insert(pair.item);
  std::vector<std::uint64_t> seen_offsets{0};
  std::vector<std::uint32_t> seen;
  std::vector<Interaction> held_out;
  std::vector<std::uint32_t> candidates;
  for (std::uint32_t user = 0; user < test.spec.users; ++user) {
    seen.insert(seen.end(), seen_by[user].begin(), seen_by[user].end());
    seen_offsets.push_back(seen.size());
    held_out.push_back({user, random.below(test.spec.items, user, 100)});
    for (std::uint64_t c = 0; c < per_query; ++c)
      candidates.push_back(random.below(test.spec.items, user * per_query + c, 101));
  }
  RankingQueries all;
  all.held_out = held_out;
  all.seen_offsets = seen_offsets;
  all.seen_items = seen;
  RankingQueries given = all;
  given.candidates = candidates;
  given.per_query = per_query;
  checks.push_back(compare_ranks(oracle.rank(given), candidate.rank(given), given, state, test.spec,
                                 prefix + ": queries ranked otherwise among given candidates"));
  checks.push_back(compare_ranks(oracle.rank(all), candidate.rank(all), all, state, test.spec,
                                 prefix + ": queries ranked otherwise among all items"));
}

/// Terms behind one value after an epoch: the products of a dot product, and the updates (or history) of a row, each of
/// which rounds once more. Rows of logistic_sgd are updated once an example of theirs, and a rounding error is carried
/// on but hardly grows, as an update is small beside the row.
double epoch_reduction(const MfCase& test, const std::vector<Interaction>& positives) {
  std::vector<double> rows_of_users(test.spec.users);
  std::vector<double> rows_of_items(test.spec.items);
  for (const Interaction& pair : positives) {
    ++rows_of_users[pair.user];
    ++rows_of_items[pair.item];
  }
  const double examples = test.spec.solver == MfSolver::logistic_sgd ? 1.0 + test.spec.negatives : 1.0;
  const double longest = std::max(*std::max_element(rows_of_users.begin(), rows_of_users.end()),
                                  *std::max_element(rows_of_items.begin(), rows_of_items.end()));
  // The Gram matrix of ials runs over all rows of the other side.
  const double gram = test.spec.solver == MfSolver::ials ? std::max(test.spec.users, test.spec.items) : 0;
  return test.spec.dim + longest * examples + gram;
}

void check_mf_case(const MfCase& test, const Backend& oracle, const Backend& candidate,
                   std::vector<EquivalenceCheck>& checks) {
  auto pair = equivalence_pair("mf/" + test.name, test.spec, test.spec, oracle, candidate, checks);
  if (!pair) return;
  const std::vector<Interaction> positives = mf_positives(test.spec, test.positives);
  const ModelState start = random_state(pair->expected->export_state(), 3, test.spec.seed);
  for (MatrixFactorizer* model : {pair->expected.get(), pair->found.get()}) {
    model->set_interactions(positives);
    model->import_state(start);
  }
  check_ranks(test, positives, *pair->expected, *pair->found, start, pair->name, checks);

  const double reduction = epoch_reduction(test, positives);
  pair->compare(pair->expected->train(1), pair->found->train(1), "loss", reduction);
  pair->compare_states_now("after an epoch",
                           [&](const std::string& tensor) { return tensor == "global_bias" ? 0.0 : reduction; });
}

}  // namespace

std::vector<EquivalenceCheck> check_matrix_factorizer(const Backend& oracle, const Backend& candidate) {
  std::vector<EquivalenceCheck> checks;
  for (const MfCase& test : mf_cases()) check_mf_case(test, oracle, candidate, checks);
  return checks;
}

}  // namespace frugal
