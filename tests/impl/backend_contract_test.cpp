// What every back end says of itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/impl/backend_fixture.hpp"

namespace frugal {
namespace {

/// The processor's own list.
bool processor_has(const std::string& feature) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == feature) return true;
    return false;
  }
  return false;
}

bool has_nvidia_device() {
  for (const auto& entry : std::filesystem::directory_iterator("/dev")) {
    const std::string name = entry.path().filename();
    if (name.starts_with("nvidia") && name.size() > 6 && name.find_first_not_of("0123456789", 6) == std::string::npos)
      return true;
  }
  return false;
}

#ifdef FRUGAL_CUDA_ON_CPU
constexpr bool cuda_is_on_cpu = true;
#else
constexpr bool cuda_is_on_cpu = false;
#endif

/// Whether this machine lacks what the back end cannot run without, as far as can be told without asking it. One that
/// needs nothing special is not named here, and must run everywhere.
bool lacks_what_it_needs(const std::string& backend) {
  if (backend == "cpu" || backend == "mpi") return !processor_has("avx2") || !processor_has("fma");
  if (backend == "cuda") return !cuda_is_on_cpu && !has_nvidia_device();
  return false;
}

class BackendContract : public ::testing::TestWithParam<std::string> {
 protected:
  const Backend& backend() const { return *find_backend(GetParam()); }
};

// Or all its tests would be skipped, and nobody would see.
TEST_P(BackendContract, RunsWhereverItWasCompiledAndFindsWhatItNeeds) {
  const Support available = backend().available();
  if (GetParam() == "cpu") {
    EXPECT_FALSE(available.reason.starts_with("not compiled: ")) << "this program is built for it";
  }
  if (available.reason.starts_with("not compiled: ") || lacks_what_it_needs(GetParam())) {
    EXPECT_FALSE(available);
    GTEST_SKIP() << available.reason;
  }
  EXPECT_TRUE(available) << available.reason;
}

TEST_P(BackendContract, IsFoundByItsNameAndDescribesItself) {
  EXPECT_EQ(backend().name(), GetParam());
  EXPECT_FALSE(backend().description().empty());
  EXPECT_TRUE(!backend().available() || !backend().device().empty());
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendContract, ::testing::ValuesIn(backends_under_test()), name_of_backend);

TEST(Registry, TheOracleComesFirstAndNoNameTwice) {
  ASSERT_FALSE(backends().empty());
  EXPECT_EQ(backends().front()->name(), "reference");
  for (const Backend* backend : backends()) EXPECT_EQ(find_backend(backend->name()), backend);
  EXPECT_EQ(find_backend("none"), nullptr);
}

}  // namespace
}  // namespace frugal
