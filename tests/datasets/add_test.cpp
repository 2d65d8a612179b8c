// A user's own files become a data set: all of it or nothing, and nothing that lies there is replaced.
#include "datasets/catalog/add.hpp"

#include <sys/resource.h>

#include <csignal>

#include "datasets/load/datasets.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// No file may grow beyond so many bytes, as if the disk were full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t most) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{most, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

class AddedData : public WithFolder {
 protected:
  /// What a reader would say of the files does not matter here.
  std::filesystem::path add(const std::string& name, const std::vector<std::filesystem::path>& files) const {
    return add_dataset({.name = name, .kind = Kind::image, .reader = Reader::signal}, files, data_, {data_});
  }
  std::string refusal(const std::string& name, const std::vector<std::filesystem::path>& files) const {
    return user_error([&] { add(name, files); });
  }
  std::vector<std::string> files_there() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_))
      names.push_back(entry.path().lexically_relative(data_).string());
    return names;
  }
  const std::filesystem::path data_ = folder_ / "data";
};

TEST_F(AddedData, ReplaceNoFileThatHasTheNameOfTheirManifest) {
  const auto picture = write("p.png", "a picture");
  const auto plan = write("data/mine.yaml", "schema: 1\nname: mine\n");
  EXPECT_THAT(refusal("mine", {picture}),
              AllOf(HasSubstr(plan.string() + ": this is where the manifest of the data set is to be written: move"),
                    HasSubstr("choose another name for the data set, or another folder with '--to DIR'")));
  EXPECT_EQ(read_whole_file(plan), "schema: 1\nname: mine\n");
  EXPECT_THAT(files_there(), UnorderedElementsAre("mine.yaml"));
}

TEST_F(AddedData, ReplaceNoOtherFileThatLiesInTheirPlace) {
  const auto first = write("p.png", "a picture");
  const auto second = write("q.png", "another");
  const auto other = write("data/mine/q.png", "an older");
  EXPECT_THAT(refusal("mine", {first, second}),
              HasSubstr(other.string() + ": something else lies where " + second.string() + " is to be copied to"));
  EXPECT_EQ(read_whole_file(other), "an older");
  EXPECT_THAT(files_there(), UnorderedElementsAre("mine", "mine/q.png"));
  std::filesystem::remove(other);
  std::filesystem::create_symlink("nowhere", other);
  EXPECT_THAT(refusal("mine", {first, second}), HasSubstr("something else lies where"));
  EXPECT_TRUE(std::filesystem::is_symlink(other));
}

TEST_F(AddedData, TakeAFileOfTheSameContentAsItsCopy) {
  const auto picture = write("p.png", "a picture");
  write("data/mine/p.png", "a picture");
  add("mine", {picture});
  EXPECT_THAT(files_there(), UnorderedElementsAre("mine", "mine/p.png", "mine.yaml"));
  EXPECT_NE(find_manifest("mine", {data_ / "."}), nullptr);
}

TEST_F(AddedData, LeaveNothingBehindWhereTheSecondFileFindsNoRoom) {
  const auto small = write("small.png", "a picture");
  const auto large = write("large.png", std::string(100'000, 'x'));
  const auto fill = [&] {
    const FullDisk full(50'000);
    EXPECT_THROW(add("mine", {small, large}), OutputError);
  };
  fill();
  EXPECT_FALSE(std::filesystem::exists(data_));
  std::filesystem::create_directory(data_);
  fill();
  EXPECT_THAT(files_there(), IsEmpty());
  add("mine", {small, large});
  EXPECT_THAT(files_there(), UnorderedElementsAre("mine", "mine/small.png", "mine/large.png", "mine.yaml"));
}

TEST_F(AddedData, HaveNoNameThatMeansSomethingElseInAPlan) {
  const auto picture = write("p.png", "a picture");
  EXPECT_THAT(refusal("file", {picture}), HasSubstr("the data set 'file' is any file of one's own: choose another"));
  for (const Generator& generator : generators())
    EXPECT_THAT(refusal(generator.name, {picture}), HasSubstr("generated ones: choose another name")) << generator.name;
  EXPECT_FALSE(std::filesystem::exists(data_));
  write("data/file.yaml",
        "title: t\nname: file\nkind: image\nreader: signal\nlicence: l\ncitation: c\nfiles: [{path: p.png}]\n");
  EXPECT_THAT(user_error([&] { manifests({data_}); }), HasSubstr("file.yaml:2:7: the data set 'file' is any file"));
}

}  // namespace
}  // namespace frugal::data
