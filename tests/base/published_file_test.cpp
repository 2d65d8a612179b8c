#include "impl/base/published_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "impl/base/sha256.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

class Published : public ::testing::Test {
 protected:
  Published() { std::ofstream(file_) << "hello\n"; }
  FileState state(const PublishedFile& published) const { return check_published(file_, published).state; }
  ScratchFolder scratch_;
  const std::filesystem::path file_ = scratch_ / "a.txt";
};

TEST_F(Published, AnyHashThatAgreesVouchesWhateverElseIsPublished) {
  EXPECT_EQ(state({.sha256 = {sha256("other"), sha256("hello\n")}}), FileState::good);
  EXPECT_EQ(state({.bytes = 99, .md5 = "b1946ac92492d2347c6235b4d2611184"}), FileState::good);
  EXPECT_EQ(state({.sha256 = {sha256("other")}, .git_blob = "ce013625030ba8dba906f756967f9e9ca394464a"}),
            FileState::good);
}

TEST_F(Published, WithoutAHashTheSizeDecides) {
  EXPECT_EQ(state({.bytes = 6}), FileState::size_only);
  EXPECT_EQ(state({.bytes = 7}), FileState::wrong_size);
}

TEST_F(Published, AFileOfWhichNothingIsPublishedIsNotChecked) {
  const FileCheck check = check_published(file_, {});
  EXPECT_EQ(check.state, FileState::unchecked);
  EXPECT_EQ(check.detail, "not checked: nothing is published of it");
  EXPECT_FALSE(check.differs()) << "nor is it another file";
}

TEST_F(Published, AHashThatTheCallerKnowsIsNotComputedAgain) {
  EXPECT_EQ(check_published(file_, {.sha256 = {"feed"}}, "feed").state, FileState::good);
  EXPECT_EQ(check_published(file_, {.sha256 = {"feed"}}).state, FileState::wrong_hash);
}

}  // namespace
}  // namespace frugal
