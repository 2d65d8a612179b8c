#include "impl/common/integer_coder.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace frugal {
namespace {

constexpr int precision = 16;            ///< bits of a probability
constexpr std::uint32_t top = 1U << 24;  ///< below it the range is renewed by a byte

/// The chance that an answer is no, learned from the answers so far: quickly at first, then slowly.
class Chance {
 public:
  std::uint32_t of_no() const { return no_; }

  void learn(bool yes) {
    if (seen_ < limit) ++seen_;
    const std::int32_t target = yes ? least : (1 << precision) - least;
    no_ = static_cast<std::uint32_t>(static_cast<std::int32_t>(no_) + (target - static_cast<std::int32_t>(no_)) /
                                                                          (static_cast<std::int32_t>(seen_) + 1));
  }

 private:
  static constexpr std::uint32_t limit = 120;
  static constexpr std::int32_t least = 32;
  std::uint32_t no_ = 1U << (precision - 1);
  std::uint32_t seen_ = 0;
};

class Encoder {
 public:
  void put(Chance& chance, bool yes) {
    put_with(chance.of_no(), yes);
    chance.learn(yes);
  }
  void put_even(bool yes) { put_with(1U << (precision - 1), yes); }

  std::vector<std::uint8_t> finish() {
    for (int k = 0; k < 5; ++k) shift();
    return std::move(bytes_);
  }

 private:
  void put_with(std::uint32_t no, bool yes) {
    const std::uint32_t bound = (range_ >> precision) * no;
    if (yes) {
      low_ += bound;
      range_ -= bound;
    } else {
      range_ = bound;
    }
    while (range_ < top) {
      range_ <<= 8;
      shift();
    }
  }

  /// Writes the highest byte of `low` once no carry can change it.
  void shift() {
    if (low_ < 0xff000000U || low_ > 0xffffffffU) {
      const auto carry = static_cast<std::uint8_t>(low_ >> 32);
      if (begun_) bytes_.push_back(static_cast<std::uint8_t>(held_ + carry));
      for (; waiting_ > 0; --waiting_) bytes_.push_back(static_cast<std::uint8_t>(0xff + carry));
      held_ = static_cast<std::uint8_t>(low_ >> 24);
      begun_ = true;
    } else {
      ++waiting_;
    }
    low_ = (low_ & 0x00ffffffU) << 8;
  }

  std::uint64_t low_ = 0;
  std::uint32_t range_ = 0xffffffff;
  std::uint8_t held_ = 0;      ///< the last byte, that a carry may still change
  bool begun_ = false;         ///< there is one
  std::uint64_t waiting_ = 0;  ///< bytes 0xff after it
  std::vector<std::uint8_t> bytes_;
};

class Decoder {
 public:
  explicit Decoder(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    for (int k = 0; k < 4; ++k) code_ = code_ << 8 | next();
  }

  bool get(Chance& chance) {
    const bool yes = get_with(chance.of_no());
    chance.learn(yes);
    return yes;
  }
  bool get_even() { return get_with(1U << (precision - 1)); }

 private:
  bool get_with(std::uint32_t no) {
    const std::uint32_t bound = (range_ >> precision) * no;
    const bool yes = code_ >= bound;
    if (yes) {
      code_ -= bound;
      range_ -= bound;
    } else {
      range_ = bound;
    }
    while (range_ < top) {
      range_ <<= 8;
      code_ = code_ << 8 | next();
    }
    return yes;
  }

  std::uint8_t next() {
    if (at_ == bytes_.size()) throw std::invalid_argument("these bytes are too few for their integers");
    return bytes_[at_++];
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  std::uint32_t range_ = 0xffffffff;
  std::uint32_t code_ = 0;
};

/// Which of a few kinds of row this is, by how large its integers were so far.
class RowKinds {
 public:
  static constexpr std::size_t count = 6;

  explicit RowKinds(std::size_t rows) : sums_(rows), kinds_(rows) {}

  std::size_t of(std::size_t row) const { return kinds_[row]; }
  void add(std::size_t row, std::int32_t value) { sums_[row] += std::abs(std::int64_t{value}); }

  /// After a column: equally many rows of each kind. Later columns change little.
  void after(std::size_t column) {
    constexpr std::size_t many = 64;
    if (sums_.empty() || (column >= many && column % many != 0)) return;
    std::vector<std::int64_t> sorted = sums_;
    std::ranges::sort(sorted);
    std::array<std::int64_t, count - 1> bounds{};
    for (std::size_t k = 0; k + 1 < count; ++k) bounds[k] = sorted[(k + 1) * sorted.size() / count];
    for (std::size_t row = 0; row < sums_.size(); ++row)
      kinds_[row] = static_cast<std::uint8_t>(std::ranges::upper_bound(bounds, sums_[row]) - bounds.begin());
  }

 private:
  std::vector<std::int64_t> sums_;
  std::vector<std::uint8_t> kinds_;
};

/// The questions to the integers of a column in rows of one kind.
struct Questions {
  std::array<Chance, 14> beyond{};
  Chance negative{};
};

/// Calls of both directions: each(row, column, the chances of its questions).
template <class Each>
void walk(std::size_t rows, std::size_t columns, Each each) {
  RowKinds kinds(rows);
  for (std::size_t column = 0; column < columns; ++column) {
    std::array<Questions, RowKinds::count> questions{};
    for (std::size_t row = 0; row < rows; ++row) kinds.add(row, each(row, column, questions[kinds.of(row)]));
    kinds.after(column);
  }
}

/// Beyond the questions: Elias gamma of the rest plus 1, in even bits.
template <class Bit>
std::uint32_t gamma(std::uint32_t rest, Bit bit) {
  constexpr std::uint32_t longest = 31;
  std::uint32_t length = 0;
  while (bit(length < longest && (rest + 1) >> (length + 1) != 0))
    if (++length > longest) throw std::invalid_argument("these bytes hold an integer that is too large");
  std::uint32_t value = 1;
  for (std::uint32_t k = length; k-- > 0;) value = value << 1 | std::uint32_t{bit(((rest + 1) >> k & 1) != 0)};
  return value - 1;
}

/// One integer; ask(chance or null, what it is when it is known) returns the answer.
template <class Ask>
std::int32_t talk(std::int32_t value, Questions& questions, Ask ask) {
  const auto size = static_cast<std::uint32_t>(value < 0 ? -std::int64_t{value} : std::int64_t{value});
  std::uint32_t found = 0;
  const auto most = static_cast<std::uint32_t>(questions.beyond.size());
  while (found < most && ask(&questions.beyond[found], size > found)) ++found;
  if (found == most) found += gamma(size < found ? 0 : size - found, [&](bool bit) { return ask(nullptr, bit); });
  if (found == 0) return 0;
  const bool negative = ask(&questions.negative, value < 0);
  return negative ? static_cast<std::int32_t>(-std::int64_t{found}) : static_cast<std::int32_t>(found);
}

}  // namespace

std::vector<std::uint8_t> code_integers(std::size_t rows, std::size_t columns, const FillColumn& fill) {
  Encoder encoder;
  std::vector<std::int32_t> values(rows);
  walk(rows, columns, [&](std::size_t row, std::size_t column, Questions& questions) {
    if (row == 0) {
      std::ranges::fill(values, 0);
      fill(column, values);
    }
    return talk(values[row], questions, [&](Chance* chance, bool yes) {
      if (chance)
        encoder.put(*chance, yes);
      else
        encoder.put_even(yes);
      return yes;
    });
  });
  return encoder.finish();
}

std::vector<std::int32_t> decode_integers(std::span<const std::uint8_t> bytes, std::size_t rows, std::size_t columns) {
  std::vector<std::int32_t> values(rows * columns);
  Decoder decoder(bytes);
  walk(rows, columns, [&](std::size_t row, std::size_t column, Questions& questions) {
    return values[row * columns + column] = talk(
               0, questions, [&](Chance* chance, bool) { return chance ? decoder.get(*chance) : decoder.get_even(); });
  });
  return values;
}

}  // namespace frugal
