// A back end that is wrong is found out: by the checks of equivalence, by `frugal verify`, and by the workloads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "benchmarks/harness/cli/cli.hpp"
#include "impl/equivalence/equivalence.hpp"
#include "tests/workloads/ratings_folder.hpp"
#include "tests/workloads/run_cell.hpp"

namespace frugal {
namespace {

using ::testing::HasSubstr;

using Check = std::vector<EquivalenceCheck> (*)(const Backend&, const Backend&);

/// Names of what failed.
std::vector<std::string> failures_of(Check check, const char* backend) {
  std::vector<std::string> failed;
  for (const EquivalenceCheck& one : check(*find_backend("reference"), *find_backend(backend)))
    if (!one.ok()) failed.push_back(one.name);
  return failed;
}

struct Contract {
  const char* name;
  Check check;
};
void PrintTo(const Contract& contract, std::ostream* out) { *out << contract.name; }

class WrongBackend : public ::testing::TestWithParam<Contract> {};

TEST_P(WrongBackend, OneThatIsRightPasses) {
  EXPECT_THAT(failures_of(GetParam().check, "right"), ::testing::IsEmpty());
  std::size_t asked = 0;
  for (const EquivalenceCheck& one : GetParam().check(*find_backend("reference"), *find_backend("right")))
    asked += one.unsupported.empty();
  EXPECT_GT(asked, 10u);
}

TEST_P(WrongBackend, AStepThatIsOnePercentTooLongFails) {
  EXPECT_THAT(failures_of(GetParam().check, "long_step"), ::testing::Not(::testing::IsEmpty()));
}

TEST_P(WrongBackend, OneNanFails) {
  EXPECT_THAT(failures_of(GetParam().check, "nan"), ::testing::Contains(HasSubstr("not finite")));
}

TEST_P(WrongBackend, AStepThatIsNotCountedFails) {
  EXPECT_THAT(failures_of(GetParam().check, "stale_step"), ::testing::Contains(HasSubstr("step")));
}

INSTANTIATE_TEST_SUITE_P(Contracts, WrongBackend,
                         ::testing::Values(Contract{"inr", &check_inr}, Contract{"mf", &check_matrix_factorizer},
                                           Contract{"two_tower", &check_two_tower}, Contract{"dlrm", &check_dlrm}),
                         [](const auto& contract) { return std::string(contract.param.name); });

TEST(WrongRanks, OneTooHighFails) {
  EXPECT_THAT(failures_of(&check_matrix_factorizer, "wrong_rank"), ::testing::Contains(HasSubstr("ranked otherwise")));
  EXPECT_THAT(failures_of(&check_two_tower, "wrong_rank"), ::testing::Contains(HasSubstr("rank among all items")));
}

/// Exit code and standard output of a command of the program.
std::pair<int, std::string> frugal_says(std::vector<std::string> words) {
  words.insert(words.begin(), "frugal");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = harness::run_program(static_cast<int>(words.size()), arguments.data(),
                                        {workloads::all().begin(), workloads::all().end()});
  std::string out = ::testing::internal::GetCapturedStdout();
  return {code, out + ::testing::internal::GetCapturedStderr()};
}

TEST(Verify, IsExitCodeZeroForOneThatIsRight) {
  const auto [code, text] = frugal_says({"verify", "--backend", "right", "--all"});
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr(" ok, "));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("FAILED")));
  EXPECT_THAT(text, HasSubstr("unsupported: it computes small models only"));
}

TEST(Verify, IsExitCodeOneForEachThatIsWrong) {
  for (const char* backend : {"long_step", "nan", "stale_step", "wrong_rank"}) {
    const auto [code, text] = frugal_says({"verify", "--backend", backend});
    EXPECT_EQ(code, 1) << backend;
    EXPECT_THAT(text, HasSubstr("FAILED")) << backend;
  }
}

TEST(Verify, IsExitCodeFourWhereNothingWasProved) {
  const auto [code, text] = frugal_says({"verify", "--backend", "idle"});
  EXPECT_EQ(code, 4);
  EXPECT_THAT(text, HasSubstr("nothing was proved"));
}

TEST(FrozenTables, ThatMoveByOneBitAreFoundOut) {
  const workloads::RatingsFolder folder;
  const auto run = [&](const char* workload, const char* dataset, const std::string& params, const char* backend) {
    workloads::TestContext context({folder.path()});
    workloads::run_cell(fmt::format("schema: 1\nname: p\nworkload: {}\nbackend: {}\ndataset: {}\nparams: {{{}}}\n",
                                    workload, backend, dataset, params),
                        context);
  };
  const std::string tower = "mf: {dim: 4, epochs: 1}, tower: {layers: [4], epochs: 1}";
  const std::string clicks = "embedding_dim: 4, bottom: [4], top: [1], embedding_init: mf, mf: {epochs: 1}";
  for (const char* init : {"mf", "random"}) {
    const std::string frozen = fmt::format("cadc: {{{}, embedding_init: {}}}", tower, init);
    EXPECT_NO_THROW(run("cadc", "ml-100k", frozen, "recording"));
    EXPECT_THROW(run("cadc", "ml-100k", frozen, "wrong_bit"), std::logic_error);
  }
  const std::string frozen = fmt::format("dlrm: {{{}, embedding_trainable: false}}", clicks);
  EXPECT_NO_THROW(run("dlrm", "ml-100k-clicks", frozen, "recording"));
  EXPECT_THROW(run("dlrm", "ml-100k-clicks", frozen, "wrong_bit"), std::logic_error);
  EXPECT_NO_THROW(run("dlrm", "ml-100k-clicks", fmt::format("dlrm: {{{}}}", clicks), "wrong_bit")) << "not frozen";
}

}  // namespace
}  // namespace frugal
