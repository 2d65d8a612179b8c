// What several ranks do side by side, each with a share of its own, and what they then know of each other's.
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "impl/base/error.hpp"
#include "impl/common/communicator.hpp"

namespace frugal {

/// What the ranks have, one after the other, on all of them.
template <class T>
std::vector<T> gathered(Communicator& ranks, const std::vector<T>& own) {
  const auto size = static_cast<std::size_t>(ranks.size());
  std::vector<std::size_t> begins(size + 1);
  begins[static_cast<std::size_t>(ranks.rank()) + 1] = own.size();
  gather_rows(ranks, begins.data() + 1, 1, equal_shares(size, ranks.size()));
  for (std::size_t r = 0; r < size; ++r) begins[r + 1] += begins[r];
  std::vector<T> all(begins.back());
  std::ranges::copy(own, all.begin() + static_cast<std::ptrdiff_t>(begins[static_cast<std::size_t>(ranks.rank())]));
  gather_rows(ranks, all.data(), 1, begins);
  return all;
}

/// The same on rank 0; nothing on the others.
template <class T>
std::vector<T> gathered_at_first(Communicator& ranks, std::vector<T> own) {
  if (ranks.size() == 1) return own;
  std::vector<std::vector<T>> outgoing(static_cast<std::size_t>(ranks.size()));
  outgoing.front() = std::move(own);
  return exchanged(ranks, outgoing);
}

/// Of the words that some ranks have (why not: empty), those of the first that has any; on all ranks.
std::string first_words(Communicator& ranks, const std::string& own);

/// Runs a step on every rank. Where it throws this error on some of them, all throw that of the first.
template <class Error = UserError>
void together(Communicator& ranks, const std::function<void()>& step) {
  if (ranks.size() == 1) return step();
  std::string why;  // what() is never empty
  try {
    step();
  } catch (const Error& error) {
    why = error.what();
  }
  if (const std::string first = first_words(ranks, why); !first.empty()) throw Error(first);
}

}  // namespace frugal
