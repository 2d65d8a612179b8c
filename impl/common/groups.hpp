// Rows in groups, as compressed sparse rows: the interactions of each user, the ratings of each item.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

namespace frugal {

/// What belongs to each of `size()` groups.
template <class Member>
struct Groups {
  /// [groups + 1]: the members of group g are members[offsets[g]] .. members[offsets[g + 1] - 1].
  std::vector<std::uint64_t> offsets;
  std::vector<Member> members;  ///< of all groups, one after another

  std::size_t size() const { return offsets.size() - 1; }
  /// The members of a group below size().
  std::span<Member> of(std::size_t group) {
    return std::span(members).subspan(offsets[group], offsets[group + 1] - offsets[group]);
  }
  /// Likewise.
  std::span<const Member> of(std::size_t group) const {
    return std::span(members).subspan(offsets[group], offsets[group + 1] - offsets[group]);
  }
};

/// The members member(row, number of the row), by group_of(row) < groups; within a group in the order of the rows, of
/// which there are fewer than 2^32 where `member` asks for their numbers. Goes over the rows twice.
template <class Rows, class GroupOf, class MemberOf>
auto grouped(const Rows& rows, std::size_t groups, GroupOf group_of, MemberOf member) {
  Groups<decltype(member(rows[0], std::uint32_t{}))> result{std::vector<std::uint64_t>(groups + 1), {}};
  for (const auto& row : rows) ++result.offsets[group_of(row) + 1];
  for (std::size_t g = 0; g < groups; ++g) result.offsets[g + 1] += result.offsets[g];
  std::vector<std::uint64_t> next(result.offsets.begin(), result.offsets.end() - 1);
  result.members.resize(rows.size());
  std::uint32_t number = 0;
  for (const auto& row : rows) result.members[next[group_of(row)]++] = member(row, number++);
  return result;
}

/// The numbers of the rows of each user; row.user < users. Throws std::length_error for more rows than have numbers.
template <class Rows>
Groups<std::uint32_t> rows_by_user(const Rows& rows, std::uint32_t users) {
  if (rows.size() > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("early stopping, and samples by user, are for fewer than 2^32 interactions");
  return grouped(
      rows, users, [](const auto& row) { return row.user; }, [](const auto&, std::uint32_t number) { return number; });
}

}  // namespace frugal
