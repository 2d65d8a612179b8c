// A state that ranks have together goes into the file that one process writes, and comes back to any number of ranks.
#include "impl/common/placed_state.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/common/safetensors.hpp"
#include "tests/common/thread_ranks.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

NamedTensor counting_up(std::string name, std::vector<std::int64_t> shape, float from) {
  std::int64_t size = 1;
  for (const std::int64_t extent : shape) size *= extent;
  NamedTensor tensor{std::move(name), std::move(shape), std::vector<float>(static_cast<std::size_t>(size))};
  std::iota(tensor.values.begin(), tensor.values.end(), from);
  return tensor;
}

/// A layer, tables of more and of fewer rows than there are ranks, something for networks in runs, and nothing.
ModelState some_state() {
  return {.step = 9,
          .tensors = {counting_up("weight", {3, 2}, 1), counting_up("table", {11, 3}, 100),
                      counting_up("adam.m/table", {2, 1}, 200), counting_up("networks", {5, 2, 2}, 300),
                      counting_up("scalar", {}, 400), counting_up("none", {4, 0}, 0)}};
}

/// What a rank has of some_state(), at first zeros, and where it lies in it.
class Part {
 public:
  explicit Part(Communicator& ranks) {
    const auto rank = static_cast<std::size_t>(ranks.rank());
    own_.reserve(6);
    for (const NamedTensor& tensor : some_state().tensors) {
      std::vector<float>& own = own_.emplace_back(tensor.values.size());
      if (tensor.name.ends_with("table")) {
        placed.push_back(dealt_tensor(ranks, tensor.name, tensor.shape, own.data()));
      } else if (tensor.name == "networks") {
        const std::vector<std::size_t> begins = equal_shares(5, ranks.size());
        const PlacedTensor::Run run{.first = begins[rank], .count = begins[rank + 1] - begins[rank]};
        float* const values = own.data();
        placed.push_back(
            {.name = tensor.name,
             .shape = tensor.shape,
             .to_write = run,
             .to_read = run,
             .get = [=](auto begin, auto count, float* to) { std::copy_n(values + 4 * begin, 4 * count, to); },
             .put = [=](auto begin, auto count,
                        const float* from) { std::copy_n(from, 4 * count, values + 4 * begin); }});
      } else {
        placed.push_back(whole_tensor(ranks, tensor.name, tensor.shape, own.data()));
      }
    }
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  /// Row of this rank's run, and row of the tensor, of all that it has.
  template <class Body>
  void for_each_row(const Body& body) {
    const ModelState state = some_state();
    for (std::size_t t = 0; t < placed.size(); ++t)
      for (std::uint64_t k = 0; k < placed[t].to_read.count; ++k) {
        const std::uint64_t row = placed[t].to_read.first + k * placed[t].to_read.step;
        for (std::uint64_t i = 0; i < placed[t].width(); ++i)
          body(own_[t][k * placed[t].width() + i], state.tensors[t].values[row * placed[t].width() + i]);
      }
  }

  std::vector<PlacedTensor> placed;

 private:
  std::vector<std::vector<float>> own_;
};

TEST(PlacedState, IsToTheByteTheFileOfOneProcessAndComesBackToAnyNumberOfRanks) {
  const ScratchFolder folder;
  ModelState state = some_state();
  const NamedTensor beside = counting_up("checkpoint.losses", {2, 2}, 500);
  state.tensors.push_back(beside);
  save_safetensors(folder / "one", state);
  for (const int size : {2, 3, 4, 13}) {
    SCOPED_TRACE(size);
    write_whole_file(folder / "all",
                     "what was there is longer than what comes, and is of nobody" + std::string(9000, ' '));
    test::ThreadRanks::run(size, [&](Communicator& ranks) {
      Part part(ranks);
      part.for_each_row([](float& own, float value) { own = value; });
      save_placed(ranks, folder / "all", 9, part.placed, std::span(&beside, ranks.rank() == 0 ? 1 : 0));
    });
    EXPECT_EQ(read_whole_file(folder / "all"), read_whole_file(folder / "one"));
    test::ThreadRanks::run(size - 1, [&](Communicator& ranks) {
      Part part(ranks);
      const ModelState rest = load_placed(ranks, folder / "all", part.placed, "checkpoint.");
      EXPECT_EQ(rest.step, 9U);
      ASSERT_EQ(rest.tensors.size(), 1U);
      EXPECT_EQ(rest.tensors[0].values, beside.values);
      part.for_each_row([](float own, float value) { EXPECT_EQ(own, value); });
    });
  }
}

TEST(PlacedState, PassesInPiecesWhereItIsLarge) {
  const ScratchFolder folder;
  const NamedTensor large = counting_up("table", {4099, 2500}, 0);  // 41 MB: two pieces a rank
  save_safetensors(folder / "one", {.step = 1, .tensors = {large}});
  write_whole_file(folder / "all", "");
  test::ThreadRanks::run(2, [&](Communicator& ranks) {
    std::vector<float> own(large.values.size());
    const PlacedTensor placed = dealt_tensor(ranks, "table", large.shape, own.data());
    load_placed(ranks, folder / "one", std::span(&placed, 1), "");
    EXPECT_EQ(own[2500 + 1], large.values[static_cast<std::size_t>(2 + ranks.rank()) * 2500 + 1]);
    save_placed(ranks, folder / "all", 1, std::span(&placed, 1), {});
  });
  EXPECT_TRUE(read_whole_file(folder / "all") == read_whole_file(folder / "one"));
}

TEST(PlacedState, ThatDoesNotFitIsRefusedByAllBeforeAnythingChanges) {
  const ScratchFolder folder;
  ModelState other = some_state();
  other.tensors[0].name = "weights";
  save_safetensors(folder / "name", other);
  other = some_state();
  std::swap(other.tensors[1].shape[0], other.tensors[1].shape[1]);
  save_safetensors(folder / "shape", other);
  write_whole_file(folder / "short", "abc");
  test::ThreadRanks::run(2, [&](Communicator& ranks) {
    Part part(ranks);
    EXPECT_THROW(load_placed(ranks, folder / "name", part.placed, ""), std::invalid_argument);
    EXPECT_THROW(load_placed(ranks, folder / "shape", part.placed, ""), std::invalid_argument);
    EXPECT_THROW(load_placed(ranks, folder / "short", part.placed, ""), UserError);
    EXPECT_THROW(load_placed(ranks, folder / "nowhere", part.placed, ""), UserError);
    EXPECT_THROW(save_placed(ranks, folder / "nowhere", 1, part.placed, {}), OutputError);
    part.for_each_row([](float own, float) { EXPECT_EQ(own, 0); });
  });
}

TEST(PlacedState, IsSharedOnlyWhereAllSeeTheSameFile) {
  const ScratchFolder folder;
  write_whole_file(folder / "a", "one file");
  write_whole_file(folder / "b", "another");
  test::ThreadRanks::run(3, [&](Communicator& ranks) {
    EXPECT_TRUE(is_seen_by_all(ranks, folder / "a"));
    EXPECT_FALSE(is_seen_by_all(ranks, folder / (ranks.rank() == 1 ? "b" : "a")));
    EXPECT_FALSE(is_seen_by_all(ranks, folder / (ranks.rank() == 2 ? "none" : "a")));
    EXPECT_FALSE(is_seen_by_all(ranks, folder / "none"));
  });
}

}  // namespace
}  // namespace frugal
