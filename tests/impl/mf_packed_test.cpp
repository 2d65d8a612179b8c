// What lets a billion interactions be factorised in bounded memory changes no bit, and counts beyond 32 bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "impl/base/philox.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/packed_positives.hpp"
#include "impl/cpu/mf/round_progress.hpp"
#include "impl/cpu/mf/streams.hpp"
#include "tests/impl/mf_fixture.hpp"

namespace frugal {
namespace {

MfSpec spec_of(MfSolver solver) {
  return {.solver = solver, .users = 300, .items = 70, .dim = 8, .negatives = 3, .seed = 5};
}

std::vector<Interaction> shuffled(const MfSpec& spec) { return mf_test::some_pairs_shuffled(spec, 4); }

void expect_same_bits(const MatrixFactorizer& a, const MatrixFactorizer& b) {
  const ModelState one = a.export_state();
  const ModelState other = b.export_state();
  for (std::size_t t = 0; t < one.tensors.size(); ++t) EXPECT_EQ(one.tensors[t].values, other.tensors[t].values);
}

TEST(MfPacked, PackedInteractionsTrainAsThoseInOnePieceDo) {
  for (const char* backend : {"cpu", "reference"})
    for (const MfSolver solver : {MfSolver::ials, MfSolver::logistic_sgd}) {
      const MfSpec spec = spec_of(solver);
      const std::vector<Interaction> pairs = shuffled(spec);
      const auto whole = mf_test::make(backend, spec, pairs);
      const auto packed = find_backend(backend)->make(spec);
      packed->set_packed_interactions(pairs);
      EXPECT_EQ(whole->train(2), packed->train(2));
      expect_same_bits(*whole, *packed);
    }
}

TEST(MfPacked, ImplicitLeastSquaresDoNotDependOnTheOrderOfThePairs) {
  const MfSpec spec = spec_of(MfSolver::ials);
  const auto by_user = mf_test::make("cpu", spec, mf_test::some_pairs(spec, 4));
  const auto mixed = mf_test::make("cpu", spec, shuffled(spec));
  EXPECT_EQ(by_user->train(2), mixed->train(2));
  expect_same_bits(*by_user, *mixed);
}

// A history is unpacked a piece at a time. Pieces that are whole pieces of the kernel's sum to the same bits.
TEST(MfPacked, AHistoryAddedInPiecesGivesTheBitsOfOneInOnePiece) {
  constexpr long dim = 32, count = 1000, piece = 4 * cpu::history_rows;
  const Philox random(4, Purpose::test);
  cpu::AlignedBuffer<float> rows(50 * dim), scratch(cpu::history_rows * dim);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = random.uniform(i) - 0.5F;
  std::vector<std::uint32_t> history;
  for (std::uint32_t k = 0; k < count; ++k) history.push_back(random.below(50, k, 1));
  const auto sums = [&](long at_a_time) {
    cpu::AlignedBuffer<float> matrix(dim * dim), right(dim);
    std::fill(matrix.begin(), matrix.end(), 0.F);
    std::fill(right.begin(), right.end(), 0.F);
    for (long first = 0; first < count; first += at_a_time)
      cpu::mf_kernels().add_history(rows.data(), history.data() + first, std::min(at_a_time, count - first), dim,
                                    scratch.data(), matrix.data(), right.data());
    std::vector<float> upper(right.begin(), right.end());
    for (long i = 0; i < dim; ++i)
      upper.insert(upper.end(), matrix.begin() + i * dim + i, matrix.begin() + (i + 1) * dim);
    return upper;
  };
  EXPECT_EQ(sums(piece), sums(count));
}

void expect_packed_as_ordered(const MfSpec& spec, const std::vector<Interaction>& pairs) {
  const MfSchedule::Counts counts = MfSchedule::count(spec, pairs);
  const MfSchedule schedule(spec, counts);
  const std::vector<MfSchedule::Positive> expected = schedule.order(pairs);
  for (const std::uint64_t at_a_time : {1U, 300U, 1000000U}) {
    const cpu::PackedPositives packed(schedule, counts, pairs, at_a_time);
    for (std::uint32_t part = 0; part < schedule.parts(); ++part) {
      cpu::PackedPositives::Reader reader(packed, part);
      for (std::uint32_t p = schedule.begins()[part]; p < schedule.begins()[part + 1]; ++p) {
        const MfSchedule::Positive found = reader.take();
        ASSERT_EQ(found.user, expected[p].user);
        ASSERT_EQ(found.item, expected[p].item);
        ASSERT_EQ(found.number, expected[p].number);
      }
    }
  }
}

TEST(MfPacked, PositivesAreThoseOfTheScheduleHoweverManyAreSortedAtATime) {
  for (const MfSpec& spec : {spec_of(MfSolver::logistic_sgd), MfSpec{.users = 5, .items = 9, .seed = 1}})
    expect_packed_as_ordered(spec, shuffled(spec));
}

// By user, the number of one user's first positive follows on that of another's last.
TEST(MfPacked, PositivesByUserKeepTheirUsers) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const MfSpec spec{.users = 3, .items = 9, .seed = seed};
    expect_packed_as_ordered(spec, mf_test::some_pairs(spec, 2));
  }
}

/// The examples of all rounds of an epoch, in the order of the schedule.
std::vector<MfExample> all_examples(const MfSpec& spec, const std::vector<Interaction>& pairs, std::uint64_t room,
                                    int& times_drawn) {
  cpu::MfStreams streams(spec, room);
  streams.set_positives(pairs);
  const std::uint32_t groups = streams.schedule().groups();
  std::vector<MfExample> all;
  times_drawn = 0;
  for (std::uint32_t first = 0; first < groups; ++times_drawn) {
    const std::uint32_t end = streams.prepare(2, 0, groups, first);
    EXPECT_GT(end, first);
    for (std::uint32_t r = first; r < end; ++r)
      for (std::uint32_t group = 0; group < groups; ++group) {
        const cpu::SgdRound round = streams.round(group, r);
        for (long turn = 0; turn < round.turns; ++turn)
          for (const std::uint32_t* begins : round.begins)
            all.insert(all.end(), round.examples + begins[turn], round.examples + begins[turn + 1]);
      }
    first = end;
  }
  return all;
}

TEST(MfPacked, ExamplesThatDoNotFitAreDrawnSomeRoundsAtATime) {
  const MfSpec spec = spec_of(MfSolver::logistic_sgd);
  const std::vector<Interaction> pairs = shuffled(spec);
  int once = 0, more = 0;
  const std::vector<MfExample> expected = all_examples(spec, pairs, cpu::MfStreams::most_examples, once);
  EXPECT_EQ(once, 1);
  EXPECT_EQ(expected.size(), pairs.size() * 4);
  EXPECT_EQ(all_examples(spec, pairs, cpu::MfStreams::whole_epoch, once), expected);
  EXPECT_EQ(once, 1);
  for (const std::uint64_t room : {expected.size() - 1, expected.size() / 3, std::size_t{1}}) {
    EXPECT_EQ(all_examples(spec, pairs, room, more), expected) << room;
    EXPECT_GT(more, 1);
  }
}

TEST(MfPacked, RoundsFromTheMiddleOnRunOnceEach) {
  std::vector<int> runs(8 * 8);
  cpu::RoundProgress progress(8, 0, 8, 3, 6);
  progress.run(
      0, 1, [&](std::uint32_t group, std::uint32_t round) { ++runs[round * 8 + group]; }, [] {});
  for (std::uint32_t round = 0; round < 8; ++round)
    for (std::uint32_t group = 0; group < 8; ++group)
      EXPECT_EQ(runs[round * 8 + group], round >= 3 && round < 6 ? 1 : 0);
}

// No pairs are needed to count them: 10^9 positives, 9 * 10^9 examples an epoch.
TEST(MfPacked, AScheduleTakesMoreExamplesThan32BitsCount) {
  const MfSpec spec{.users = 100'000, .items = 20'000, .negatives = 8, .seed = 1};
  MfSchedule::Counts counts{std::vector<std::uint32_t>(spec.users, 10'000),
                            std::vector<std::uint32_t>(spec.items, 50'000)};
  const MfSchedule schedule(spec, counts);
  EXPECT_EQ(schedule.begins().back(), 1'000'000'000U);
  EXPECT_EQ(schedule.groups(), MfSchedule::most_groups);

  counts.users.assign(spec.users, 50'000);  // 5 * 10^9 positives have no 32-bit number
  EXPECT_THROW(MfSchedule(spec, counts), std::invalid_argument);
  counts.users.assign(spec.users, 0);
  counts.users[0] = 0x20000000;  // times 9
  EXPECT_THROW(MfSchedule(spec, counts), std::invalid_argument);
}

}  // namespace
}  // namespace frugal
