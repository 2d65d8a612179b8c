// What a generator of interactions or of clicks makes: a stream of them that can be split, or written, at flat memory.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "datasets/clicks/clicks.hpp"

namespace frugal::data {

/// Interactions, user by user.
class InteractionsStream {
 public:
  virtual ~InteractionsStream() = default;
  virtual std::uint32_t users() const = 0;
  virtual std::uint32_t items() const = 0;

  using Take = std::function<void(std::uint32_t user, std::span<const std::uint32_t> items)>;
  /// The distinct items in order of time of the users first ... end - 1, by user.
  virtual void for_each(std::uint32_t first, std::uint32_t end, const Take& take) = 0;
};

/// Clicks: training examples come first, test examples follow.
class ClicksStream {
 public:
  virtual ~ClicksStream() = default;

  struct Shape {
    std::uint64_t examples;                 ///< to train on
    std::uint64_t test_examples;            ///< that follow them
    int dense_features;                     ///< numbers of an example
    std::vector<std::uint32_t> table_rows;  ///< ids of column t are below table_rows[t]
  };
  virtual Shape shape() const = 0;

  /// Example `index` of an endless stream.
  struct Example {
    std::vector<float> dense;
    std::vector<std::uint32_t> ids;
    double logit = 0;  ///< of its true probability
    bool clicked = false;
  };
  virtual void make(std::uint64_t index, Example& example) const = 0;

  /// Examples first .. first + count - 1, with the AUC of their true probabilities.
  Clicks clicks(std::uint64_t first, std::uint64_t count) const;

  /// What is trained on without that AUC.
  ClickSplit split() const;

 private:
  /// Examples first .. first + logits.size() - 1, by all threads; logits: of their true probabilities.
  Clicks make_all(std::uint64_t first, std::span<float> logits) const;
};

}  // namespace frugal::data
