#include "benchmarks/workloads/cadc/baselines.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "benchmarks/workloads/cadc/neighbourhoods.hpp"
#include "impl/base/error.hpp"
#include "impl/common/groups.hpp"

namespace frugal::workloads {
namespace {

using Matrix = Eigen::MatrixXd;

/// Inner products of the rows of X^T or of X: how many of `groups` hold both a and b. [n, n]
Matrix counts_in_common(const Groups<std::uint32_t>& groups, std::uint32_t n) {
  Matrix counts = Matrix::Zero(n, n);
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::uint32_t a : groups.of(g))
      for (const std::uint32_t b : groups.of(g)) counts(b, a) += 1;
  return counts;
}

void require_room(std::string_view what, std::uint32_t side, std::string_view of) {
  constexpr double most = 32e9;
  const double bytes = 2.0 * sizeof(double) * side * side;  // the matrix and its factors
  if (bytes <= most) return;
  throw UserError(
      fmt::format("{} solves for a matrix of {} x {} {}: {:.0f} GB; item_knn and rp3beta do without, and "
                  "`core` leaves out the rarest",
                  what, side, side, of, bytes / 1e9));
}

/// Scores by a dense matrix of weights, a row for each item that the user has.
class DenseItems final : public RowRanker {
 public:
  /// weights: row-major, [items, items].
  DenseItems(Groups<std::uint32_t> items_of, std::vector<float> weights, std::uint32_t items)
      : RowRanker(items), items_of_(std::move(items_of)), weights_(std::move(weights)) {}

  double inference_flops() const override {
    // An addition each.
    return static_cast<double>(items_of_.members.size()) / static_cast<double>(items_of_.size()) * items();
  }

 private:
  void score_items(std::uint32_t user, std::span<float> row) const override {
    for (const std::uint32_t item : items_of_.of(user)) {
      const float* const weights = weights_.data() + std::size_t{item} * items();
      for (std::size_t other = 0; other < row.size(); ++other) row[other] += weights[other];
    }
  }

  Groups<std::uint32_t> items_of_;
  std::vector<float> weights_;
};

struct Link {
  std::uint32_t from;  ///< an item that the user has
  std::uint32_t to;    ///< the item that it speaks for
  float weight;
};

/// Scores by few weights an item.
class SparseItems final : public RowRanker {
 public:
  SparseItems(Groups<std::uint32_t> items_of, const std::vector<Link>& links, std::uint32_t items)
      : RowRanker(items),
        items_of_(std::move(items_of)),
        links_of_(grouped(
            links, items, [](const Link& link) { return link.from; },
            [](const Link& link, std::uint32_t) { return link; })) {}

  double inference_flops() const override {
    double links = 0;
    for (const std::uint32_t item : items_of_.members) links += static_cast<double>(links_of_.of(item).size());
    return links / static_cast<double>(items_of_.size());  // an addition each
  }

 private:
  void score_items(std::uint32_t user, std::span<float> row) const override {
    for (const std::uint32_t item : items_of_.of(user))
      for (const Link& link : links_of_.of(item)) row[link.to] += link.weight;
  }

  Groups<std::uint32_t> items_of_;
  Groups<Link> links_of_;
};

/// Scores by users, all of them in training.
class DenseUsers final : public RowRanker {
 public:
  /// scores: row-major, [users, items].
  DenseUsers(std::vector<float> scores, std::uint32_t items, double inference_flops)
      : RowRanker(items), scores_(std::move(scores)), inference_flops_(inference_flops) {}

  double inference_flops() const override { return inference_flops_; }

 private:
  void score_items(std::uint32_t user, std::span<float> row) const override {
    std::copy_n(scores_.begin() + static_cast<std::ptrdiff_t>(std::size_t{user} * items()), items(), row.begin());
  }

  std::vector<float> scores_;
  double inference_flops_;
};

/// link(item, other, weight): the link that a neighbour makes.
template <class MakeLink>
Baseline scored_by_neighbours(Sides sides, const std::vector<Neighbours>& neighbours, MakeLink link) {
  std::vector<Link> links;
  for (std::uint32_t item = 0; item < neighbours.size(); ++item)
    for (const auto& [weight, other] : neighbours[item]) links.push_back(link(item, other, weight));
  const double flops = pairs_sharing(sides.items_of);
  const auto items = static_cast<std::uint32_t>(neighbours.size());
  return {std::make_unique<SparseItems>(std::move(sides.items_of), links, items), flops, std::ssize(links)};
}

/// The neural tangent kernel of one hidden layer of ReLUs, of two vectors by their cosine, for unit length: the
/// arc-cosine kernels of degree 1 and 0 (Cho & Saul 2009).
double tangent_kernel(double cosine) {
  const double u = std::clamp(cosine, -1.0, 1.0);
  const double angle = std::numbers::pi - std::acos(u);
  return (u * angle + std::sqrt(1 - u * u) + u * angle) / std::numbers::pi;
}

}  // namespace

Baseline fit_ease(const data::Split& split, double l2) {
  require_room("ease", split.items, "items");
  Sides sides(split);
  const Eigen::Index n = split.items;
  Matrix gram = counts_in_common(sides.items_of, split.items);
  gram.diagonal().array() += l2;
  const Matrix inverse = gram.llt().solve(Matrix::Identity(n, n));
  std::vector<float> weights(static_cast<std::size_t>(n * n));
  for (Eigen::Index to = 0; to < n; ++to)
    for (Eigen::Index from = 0; from < n; ++from)
      weights[static_cast<std::size_t>(from * n + to)] =
          from == to ? 0.0F : static_cast<float>(-inverse(from, to) / inverse(to, to));
  const double cubed = std::pow(static_cast<double>(n), 3);
  const double flops = pairs_sharing(sides.items_of) + cubed / 3 + 2 * cubed;  // Cholesky factor, two triangular solves
  return {std::make_unique<DenseItems>(std::move(sides.items_of), std::move(weights), split.items), flops, n * n};
}

Baseline fit_item_knn(const data::Split& split, int neighbours, double shrink) {
  Sides sides(split);
  const auto count = [&](std::uint32_t item) { return static_cast<double>(sides.users_of.of(item).size()); };
  const auto nearest = neighbourhoods(
      sides.users_of, sides.items_of, neighbours, [](std::uint32_t) { return 1.0; },
      [&](std::uint32_t item, std::vector<double>& sums) {
        for (std::uint32_t other = 0; other < sums.size(); ++other)
          if (sums[other] > 0) sums[other] /= std::sqrt(count(item) * count(other)) + shrink;
      });
  return scored_by_neighbours(std::move(sides), nearest, [](std::uint32_t item, std::uint32_t other, float weight) {
    return Link{.from = other, .to = item, .weight = weight};
  });
}

Baseline fit_rp3beta(const data::Split& split, int neighbours, double alpha, double beta) {
  Sides sides(split);
  const auto degree = [](const Groups<std::uint32_t>& groups, std::uint32_t g) {
    return static_cast<double>(groups.of(g).size());
  };
  std::vector<double> of_user(split.users);
  for (std::uint32_t user = 0; user < split.users; ++user)
    if (degree(sides.items_of, user) > 0) of_user[user] = std::pow(degree(sides.items_of, user), -alpha);
  const auto largest = neighbourhoods(
      sides.users_of, sides.items_of, neighbours, [&](std::uint32_t user) { return of_user[user]; },
      [&](std::uint32_t item, std::vector<double>& sums) {
        const double first = std::pow(degree(sides.users_of, item), -alpha);
        for (std::uint32_t other = 0; other < sums.size(); ++other)
          if (sums[other] > 0) sums[other] *= first / std::pow(degree(sides.users_of, other), beta);
      });
  return scored_by_neighbours(std::move(sides), largest, [](std::uint32_t item, std::uint32_t other, float weight) {
    return Link{.from = item, .to = other, .weight = weight};
  });
}

Baseline fit_infinity_ae(const data::Split& split, double l2) {
  require_room("infinity_ae", split.users, "users");
  const Sides sides(split);
  const Eigen::Index users = split.users;
  const Eigen::Index items = split.items;
  Matrix kernel = counts_in_common(sides.users_of, split.users);
  const Eigen::VectorXd length = kernel.diagonal().cwiseSqrt();
  for (Eigen::Index a = 0; a < users; ++a)
    for (Eigen::Index b = 0; b < users; ++b)
      if (kernel(b, a) > 0 || length(a) * length(b) > 0)
        kernel(b, a) = length(a) * length(b) * tangent_kernel(kernel(b, a) / (length(a) * length(b)));
  const double ridge = l2 * kernel.trace() / static_cast<double>(users);
  kernel.diagonal().array() += ridge;
  Matrix targets = Matrix::Zero(users, items);
  for (const Interaction& pair : split.train) targets(pair.user, pair.item) = 1;
  const Matrix dual = kernel.llt().solve(targets);
  // The users' own rows: K dual = X - ridge dual.
  std::vector<float> scores(static_cast<std::size_t>(users * items));
  for (Eigen::Index item = 0; item < items; ++item)
    for (Eigen::Index user = 0; user < users; ++user)
      scores[static_cast<std::size_t>(user * items + item)] =
          static_cast<float>(targets(user, item) - ridge * dual(user, item));
  const double n = static_cast<double>(users);
  const double m = static_cast<double>(items);
  return {std::make_unique<DenseUsers>(std::move(scores), split.items, 2 * n * m),
          pairs_sharing(sides.users_of) + n * n * n / 3 + 2 * n * n * m, users * items};
}

namespace {

struct Entry {
  std::string_view name;
  FitBaseline fit;
};

constexpr Entry entries[] = {
    {"ease", [](const data::Split& split, const Json& own) { return fit_ease(split, own.at("ease").at("l2")); }},
    {"item_knn",
     [](const data::Split& split, const Json& own) {
       return fit_item_knn(split, own.at("item_knn").at("neighbours"), own.at("item_knn").at("shrink"));
     }},
    {"rp3beta",
     [](const data::Split& split, const Json& own) {
       const Json& settings = own.at("rp3beta");
       return fit_rp3beta(split, settings.at("neighbours"), settings.at("alpha"), settings.at("beta"));
     }},
    {"infinity_ae",
     [](const data::Split& split, const Json& own) { return fit_infinity_ae(split, own.at("infinity_ae").at("l2")); }},
};

}  // namespace

FitBaseline find_baseline(std::string_view model) {
  const auto found = std::ranges::find(entries, model, &Entry::name);
  return found == std::end(entries) ? nullptr : found->fit;
}

std::vector<std::string> baseline_names() {
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.emplace_back(entry.name);
  return names;
}

std::vector<ParamSpec> baseline_params() {
  using Type = ParamSpec::Type;
  const auto real = [](std::string name, double value, std::string help, double min, double max) {
    return ParamSpec{.name = std::move(name),
                     .type = Type::real,
                     .default_value = value,
                     .help = std::move(help),
                     .min = min,
                     .max = max};
  };
  const auto neighbours = [](std::string name, std::string help) {
    return ParamSpec{.name = std::move(name),
                     .type = Type::integer,
                     .default_value = 100,
                     .help = std::move(help),
                     .min = 1,
                     .max = 1e6};
  };
  return {real("ease.l2", 500, "added to the number of interactions of each item with itself", 1e-6, 1e9),
          neighbours("item_knn.neighbours", "most similar items that speak for an item"),
          real("item_knn.shrink", 10, "users without whom a similarity counts half", 0, 1e9),
          neighbours("rp3beta.neighbours", "weights that an item keeps"),
          real("rp3beta.alpha", 1, "power of the transitions", 0, 10),
          real("rp3beta.beta", 0.6, "power of the popularity that divides", 0, 10),
          real("infinity_ae.l2", 5, "times the mean of the kernel's diagonal", 1e-9, 1e9)};
}

}  // namespace frugal::workloads
