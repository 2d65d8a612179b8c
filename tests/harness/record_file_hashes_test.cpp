// What is remembered of a file's content, and when it is not believed.
#include <gtest/gtest.h>

#include "benchmarks/harness/record/file_hashes.hpp"
#include "impl/base/sha256.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using namespace std::chrono_literals;

class Hashes : public ::testing::Test {
 protected:
  /// Puts a wrong hash into the cache, so that a test sees whether it is believed.
  void forge() {
    Json json = Json::parse(fixtures::text_of(cache()));
    for (auto& [path, entry] : json.at("files").items()) entry["sha256"] = "forged";
    fixtures::write_file(cache(), json.dump());
  }
  std::filesystem::path cache() const { return scratch / "deep/hashes.json"; }
  std::filesystem::path file() const { return scratch / "u.data"; }
  ScratchFolder scratch;
};

TEST_F(Hashes, AFreshFileIsHashedAndNotRemembered) {
  fixtures::write_file(file(), "abc");
  EXPECT_EQ(FileHashes(cache()).of(file()).sha256, sha256("abc"));
  EXPECT_FALSE(std::filesystem::exists(cache())) << "it may change again within one tick of the file system's clock";
}

TEST_F(Hashes, ASettledFileIsRememberedUntilItChanges) {
  // Nobody can set the time of the last change of a file's status: one that has been there for long.
  const std::filesystem::path settled = FRUGAL_SOURCE_DIR "/LICENSE";
  const std::string right = FileHashes(cache()).of(settled).sha256;
  EXPECT_EQ(right, sha256_file(settled));
  forge();
  EXPECT_EQ(FileHashes(cache()).of(settled).sha256, "forged");
  Json json = Json::parse(fixtures::text_of(cache()));
  for (auto& [path, entry] : json.at("files").items()) entry["changed_ns"] = 1;
  fixtures::write_file(cache(), json.dump());
  EXPECT_EQ(FileHashes(cache()).of(settled).sha256, right);
}

TEST_F(Hashes, ADamagedOrUnwritableCacheIsDoneWithout) {
  const std::filesystem::path settled = FRUGAL_SOURCE_DIR "/LICENSE";
  std::filesystem::create_directories(cache().parent_path());
  fixtures::write_file(cache(), R"({"files": {"x": 7}})");
  EXPECT_EQ(FileHashes(cache()).of(settled).sha256, sha256_file(settled));
  fixtures::write_file(scratch / "no_folder", "");
  EXPECT_EQ(FileHashes(scratch / "no_folder/hashes.json").of(settled).sha256, sha256_file(settled));
}

TEST_F(Hashes, AMissingFileIsAUserError) {
  EXPECT_NE(fixtures::user_error_of([&] { FileHashes(cache()).of(scratch / "nowhere"); }), "");
}

}  // namespace
}  // namespace frugal::harness
