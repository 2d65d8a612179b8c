#include "benchmarks/workloads/cadc/stored.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "impl/common/fp16.hpp"
#include "impl/common/groups.hpp"
#include "impl/common/integer_coder.hpp"

namespace frugal::workloads {
namespace {

using Table = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr std::uint64_t half = 2;  ///< bytes of an fp16

struct StoredTables {
  Table users, items;
  std::uint64_t bytes = 0;
};

void to_half(Table& table) {
  table = table.unaryExpr([](float value) { return rounded_to_fp16(value); });
}

StoredTables in_half(Table users, Table items) {
  to_half(users);
  to_half(items);
  const auto values = static_cast<std::uint64_t>(users.size() + items.size());
  return {std::move(users), std::move(items), half * values};
}

/// Returns the bytes.
std::uint64_t round_rows(Table& table, int bits) {
  const float levels = static_cast<float>((1 << bits) - 1);
  for (Eigen::Index row = 0; row < table.rows(); ++row) {
    auto values = table.row(row).array();
    // The ends are stored, not the step: an error of the step would count as often as there are levels.
    const float least = rounded_to_fp16(values.minCoeff());
    const float step = (rounded_to_fp16(values.maxCoeff()) - least) / levels;
    if (step > 0)
      values = least + step * ((values - least) / step).round().max(0.0F).min(levels);
    else
      values = least;
  }
  const auto rows = static_cast<std::uint64_t>(table.rows());
  return (static_cast<std::uint64_t>(table.size()) * static_cast<std::uint64_t>(bits) + 7) / 8 + 2 * half * rows;
}

constexpr Eigen::Index centroids = 256;

/// k-means of the rows, from centroids that are rows spread evenly over the table. Replaces each row by its centroid.
void quantise_vectors(Eigen::Ref<Table> rows) {
  constexpr int rounds = 15;
  const Eigen::Index count = std::min(centroids, rows.rows());
  Table means(count, rows.cols());
  for (Eigen::Index c = 0; c < count; ++c) means.row(c) = rows.row(c * rows.rows() / count);
  std::vector<Eigen::Index> nearest(static_cast<std::size_t>(rows.rows()));
  const auto assign = [&] {
    for (Eigen::Index row = 0; row < rows.rows(); ++row)
      (means.rowwise() - rows.row(row)).rowwise().squaredNorm().minCoeff(&nearest[static_cast<std::size_t>(row)]);
  };
  for (int round = 0; round < rounds; ++round) {
    assign();
    Table sums = Table::Zero(count, rows.cols());
    Eigen::VectorXf members = Eigen::VectorXf::Zero(count);
    for (Eigen::Index row = 0; row < rows.rows(); ++row) {
      sums.row(nearest[static_cast<std::size_t>(row)]) += rows.row(row);
      members(nearest[static_cast<std::size_t>(row)]) += 1;
    }
    for (Eigen::Index c = 0; c < count; ++c)
      if (members(c) > 0) means.row(c) = sums.row(c) / members(c);
  }
  to_half(means);
  assign();
  for (Eigen::Index row = 0; row < rows.rows(); ++row)
    rows.row(row) = means.row(nearest[static_cast<std::size_t>(row)]);
}

std::uint64_t quantise_products(Table& table, Eigen::Index run) {
  for (Eigen::Index first = 0; first < table.cols(); first += run) {
    Table part = table.middleCols(first, run);
    quantise_vectors(part);
    table.middleCols(first, run) = part;
  }
  const auto codes = static_cast<std::uint64_t>(table.rows() * table.cols() / run);
  return codes + half * static_cast<std::uint64_t>(std::min(centroids, table.rows()) * table.cols());
}

// --- Transform coding ------------------------------------------------------------------------------------------------

/// Turns and scales the axes of both tables, which leaves users items^T as it is, so that users^T users = items^T items
/// = a diagonal matrix with descending entries. Returns these. An axis that neither table uses is cleared.
Eigen::VectorXd balance(Table& users, Table& items) {
  const Eigen::MatrixXd u = users.cast<double>();
  const Eigen::MatrixXd v = items.cast<double>();
  // u v^T = q_u r_u r_v^T q_v^T, so the singular values of u v^T are those of the small r_u r_v^T.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> of_users(u.transpose() * u);
  const Eigen::VectorXd roots = of_users.eigenvalues().cwiseMax(0).cwiseSqrt();
  const double tiny = roots.maxCoeff() * 1e-7;
  const Eigen::VectorXd inverse_roots = roots.unaryExpr([&](double root) { return root > tiny ? 1 / root : 0.0; });
  const Eigen::MatrixXd r = of_users.eigenvectors() * roots.asDiagonal();  // u^T u = r r^T
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> of_both(r.transpose() * (v.transpose() * v) * r);
  const Eigen::MatrixXd q = of_both.eigenvectors().rowwise().reverse();
  Eigen::VectorXd singular = of_both.eigenvalues().reverse().cwiseMax(0).cwiseSqrt();
  const Eigen::VectorXd scale = singular.cwiseSqrt();
  const double least = scale(0) * 1e-4;
  const Eigen::VectorXd inverse_scale = scale.unaryExpr([&](double one) { return one > least ? 1 / one : 0.0; });
  const Eigen::MatrixXd turn_users = of_users.eigenvectors() * inverse_roots.asDiagonal() * q * scale.asDiagonal();
  const Eigen::MatrixXd turn_items = r * q * inverse_scale.asDiagonal();
  users = (u * turn_users).cast<float>();
  items = (v * turn_items).cast<float>();
  return singular;
}

/// All that is stored of two tables whose columns are rounded to multiples of their steps.
struct CodedTables {
  std::vector<std::uint8_t> users, items;
  Eigen::VectorXf steps;  ///< of both tables
  std::uint64_t bytes() const {
    return users.size() + items.size() + sizeof(float) * static_cast<std::uint64_t>(steps.size());
  }
};

std::vector<std::uint8_t> code_multiples(const Table& table, const Eigen::VectorXf& steps) {
  return code_integers(
      static_cast<std::size_t>(table.rows()), static_cast<std::size_t>(table.cols()),
      [&](std::size_t column, std::span<std::int32_t> values) {
        const auto of = static_cast<Eigen::Index>(column);
        for (std::size_t row = 0; row < values.size(); ++row)
          values[row] = static_cast<std::int32_t>(std::round(table(static_cast<Eigen::Index>(row), of) / steps(of)));
      });
}

/// What code_multiples() made of a table of this size.
Table read_multiples(const std::vector<std::uint8_t>& bytes, Eigen::Index rows, const Eigen::VectorXf& steps) {
  const std::vector<std::int32_t> multiples =
      decode_integers(bytes, static_cast<std::size_t>(rows), static_cast<std::size_t>(steps.size()));
  using Multiples = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Multiples>(multiples.data(), rows, steps.size()).cast<float>() * steps.asDiagonal();
}

/// The finest steps whose integers take at most so many bytes, to one in a thousand.
StoredTables transform_coded(Table users, Table items, double bits) {
  Eigen::VectorXd shared = balance(users, items);
  // An error on an axis counts in a score by what the other table has there. The least squared error of all scores has
  // steps that grow as shared^-1/2 where axes matter less; the first places of the rankings, which see large scores
  // only, keep most with about half of that.
  constexpr double power = -0.25;
  if (shared(0) == 0) shared.setOnes();  // no score is anything but 0
  const Eigen::VectorXd relative = (shared / shared(0)).cwiseMax(1e-6).array().pow(power);
  const double target = bits / 8 * static_cast<double>(users.size() + items.size());
  const auto coded = [&](double step) {
    const Eigen::VectorXf steps = (step * relative).cast<float>();
    return CodedTables{code_multiples(users, steps), code_multiples(items, steps), steps};
  };
  double coarse = 4 * std::max<double>(users.cwiseAbs().maxCoeff(), items.cwiseAbs().maxCoeff());  // all become 0
  if (coarse == 0) coarse = 1;
  const double finest = 1e-6 * coarse;
  CodedTables best = coded(coarse);
  double fine = coarse;
  while (fine == coarse && fine > finest) {
    fine /= 4;
    CodedTables finer = coded(fine);
    if (static_cast<double>(finer.bytes()) > target) break;
    coarse = fine;
    best = std::move(finer);
  }
  while (coarse / fine > 1.001) {
    const double middle = std::sqrt(coarse * fine);
    CodedTables tried = coded(middle);
    const bool fits = static_cast<double>(tried.bytes()) <= target;
    (fits ? coarse : fine) = middle;
    if (fits) best = std::move(tried);
  }
  return {read_multiples(best.users, users.rows(), best.steps), read_multiples(best.items, items.rows(), best.steps),
          best.bytes()};
}

// --- Tables of a state -----------------------------------------------------------------------------------------------

Table table_of(const NamedTensor& tensor) {
  return Eigen::Map<const Table>(tensor.values.data(), static_cast<Eigen::Index>(tensor.shape.at(0)),
                                 static_cast<Eigen::Index>(tensor.shape.at(1)));
}

StoredTables stored(Table users, Table items, Storing storing, double bits) {
  switch (storing) {
    case Storing::fp32:
      break;  // store() leaves the tables alone
    case Storing::fp16:
      return in_half(std::move(users), std::move(items));
    case Storing::uniform: {
      const std::uint64_t bytes = round_rows(users, static_cast<int>(bits)) + round_rows(items, static_cast<int>(bits));
      return {std::move(users), std::move(items), bytes};
    }
    case Storing::product: {
      const auto run = static_cast<Eigen::Index>(8 / bits);
      const std::uint64_t bytes = quantise_products(users, run) + quantise_products(items, run);
      return {std::move(users), std::move(items), bytes};
    }
    case Storing::transform:
      return transform_coded(std::move(users), std::move(items), bits);
  }
  return {};
}

}  // namespace

std::string why_not_stored(Storing storing, double bits, int dim) {
  if (storing == Storing::uniform && (bits != std::round(bits) || bits < 1 || bits > 16))
    return "uniform takes whole bits, 1 to 16";
  if (storing == Storing::product && bits != 1 && bits != 2 && bits != 4 && bits != 8)
    return "product takes 1, 2, 4 or 8 bits: a byte for 8, 4, 2 values or one";
  if (storing == Storing::product && dim % static_cast<int>(8 / bits) != 0)
    return fmt::format("product at {} bits codes {} values by a byte, and the dimension {} is no multiple of that",
                       bits, 8 / bits, dim);
  return "";
}

StoredFactors store(ModelState factors, Storing storing, double bits) {
  StoredFactors result{.factors = std::move(factors)};
  const auto find = [&](std::string_view name) {
    const auto found = std::ranges::find(result.factors.tensors, name, &NamedTensor::name);
    return found == result.factors.tensors.end() ? nullptr : &*found;
  };
  const bool whole = storing == Storing::fp32;
  NamedTensor& users = *find("user_factors");
  NamedTensor& items = *find("item_factors");
  if (whole) {
    result.bytes = sizeof(float) * (users.values.size() + items.values.size());
  } else {
    const StoredTables tables = stored(table_of(users), table_of(items), storing, bits);
    std::copy_n(tables.users.data(), tables.users.size(), users.values.begin());
    std::copy_n(tables.items.data(), tables.items.size(), items.values.begin());
    result.bytes = tables.bytes;
  }
  if (NamedTensor* const bias = find("user_bias")) std::ranges::fill(bias->values, 0.0F);
  if (NamedTensor* const bias = find("item_bias")) {
    if (!whole) std::ranges::transform(bias->values, bias->values.begin(), rounded_to_fp16);
    result.bytes += (whole ? sizeof(float) : half) * bias->values.size();
  }
  return result;
}

std::uint64_t bytes_as_ids(std::uint64_t interactions, std::uint32_t users, std::uint32_t items) {
  const auto whole_bytes = static_cast<std::uint64_t>((std::bit_width(items - 1) + 7) / 8);
  const std::uint64_t place = interactions > std::numeric_limits<std::uint32_t>::max() ? 8 : 4;
  return interactions * std::max<std::uint64_t>(whole_bytes, 1) + place * (std::uint64_t{users} + 1);
}

std::uint64_t bytes_coded(const PackedPairs& interactions, std::uint32_t users, std::uint32_t items) {
  const auto bits = [](std::uint64_t values) { return static_cast<std::uint64_t>(std::bit_width(values - 1)); };
  std::vector<std::uint32_t> counts(users);
  for (const Interaction& pair : interactions) ++counts[pair.user];
  const std::uint64_t most = *std::ranges::max_element(counts);
  const std::uint64_t packed = (interactions.size() * bits(items) + users * bits(most + 1) + 7) / 8;
  constexpr std::uint64_t too_many = 50'000'000;  // pairs of a user and an item: a second
  if (std::uint64_t{users} * items > too_many) return packed;
  const Groups<std::uint32_t> users_of = grouped(
      interactions, items, [](const Interaction& pair) { return pair.item; },
      [](const Interaction& pair, std::uint32_t) { return pair.user; });
  const std::vector<std::uint8_t> coded =
      code_integers(users, items, [&](std::size_t item, std::span<std::int32_t> there) {
        for (const std::uint32_t user : users_of.of(item)) there[user] = 1;
      });
  return std::min<std::uint64_t>(packed, coded.size());
}

}  // namespace frugal::workloads
