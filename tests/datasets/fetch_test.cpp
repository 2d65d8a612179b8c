// Downloads are file:// addresses here: the same program, the same checks, no network.
#include "datasets/catalog/fetch.hpp"

#include <fmt/format.h>

#include "datasets/catalog/archive.hpp"
#include "impl/base/files.hpp"
#include "impl/base/process.hpp"
#include "impl/base/sha256.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void ignore_talk(const std::string&) {}

class Fetching : public WithFolder {
 protected:
  void SetUp() override {
    WithFolder::SetUp();
    if (!run_process({"curl", "--version"}, folder_).started) GTEST_SKIP() << "curl is not installed";
    write("source/one.txt", "first file\n");
    write("source/two.txt", "second file\n");
  }
  bool pack(const std::vector<std::string>& command) const {
    return run_process(command, folder_ / "source").exit_code == 0;
  }
  std::string url(const std::string& name) const { return "file://" + (folder_ / "source" / name).string(); }
  Manifest manifest(std::vector<ManifestFile> files) const {
    Manifest result;
    result.name = "sample";
    result.homepage = "https://example.org/sample";
    result.files = std::move(files);
    return result;
  }
  /// Everything below the target folder, to show that nothing else is left behind.
  std::vector<std::string> target_files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "target")) {
      names.push_back(entry.path().lexically_relative(folder_ / "target").string());
    }
    return names;
  }
};

TEST_F(Fetching, DirectFileArrivesUnderItsName) {
  fetch(manifest({{.path = "set/a.txt", .sha256 = sha256("first file\n"), .url = url("one.txt")}}), folder_ / "target",
        ignore_talk);
  EXPECT_EQ(read_whole_file(folder_ / "target/set/a.txt"), "first file\n");
  EXPECT_THAT(target_files(), ::testing::UnorderedElementsAre("set", "set/a.txt"));
}

TEST_F(Fetching, WrongHashLeavesNothing) {
  EXPECT_THAT(user_error([&] {
                fetch(manifest({{.path = "a.txt", .sha256 = sha256("x"), .url = url("one.txt")}}), folder_ / "target",
                      ignore_talk);
              }),
              HasSubstr("not what the manifest describes"));
  EXPECT_THAT(target_files(), ::testing::IsEmpty());
}

TEST_F(Fetching, DeadAddressSaysWhatToDoByHand) {
  try {
    fetch(manifest({{.path = "a.txt", .url = url("absent.txt")}}), folder_ / "target", ignore_talk);
    FAIL() << "fetched a file that does not exist";
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr("curl"));
    EXPECT_THAT(error.what(), HasSubstr("By hand: get " + url("absent.txt")));
  }
  EXPECT_THAT(target_files(), ::testing::IsEmpty());
}

TEST_F(Fetching, NoSourceAtAllNamesTheHomepage) {
  try {
    fetch(manifest({{.path = "a.txt"}}), folder_ / "target", ignore_talk);
    FAIL() << "fetched from nowhere";
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr("https://example.org/sample"));
  }
}

TEST_F(Fetching, GoodFilesAreNotFetchedAgainAndMissingOnesAre) {
  write("target/a.txt", "first file\n");
  fetch(manifest({{.path = "a.txt", .sha256 = sha256("first file\n"), .url = url("absent.txt")},
                  {.path = "b.txt", .sha256 = sha256("second file\n"), .url = url("two.txt")}}),
        folder_ / "target", ignore_talk);
  EXPECT_EQ(read_whole_file(folder_ / "target/b.txt"), "second file\n");
}

TEST_F(Fetching, AStandInInTheirPlaceIsNotReplaced) {
  const ManifestFile one{.path = "set/a.txt", .sha256 = sha256("first file\n"), .url = url("one.txt")};
  const ManifestFile two{.path = "set/b.txt", .sha256 = sha256("second file\n"), .url = url("two.txt")};
  const auto refused = [&] {
    return user_error([&] { fetch(manifest({one, two}), folder_ / "target", ignore_talk); });
  };
  const auto own = write("target/set/b.txt", "my own");
  EXPECT_THAT(refused(), AllOf(HasSubstr(own.string() + ": a file with other content lies where 'set/b.txt' is to go"),
                               HasSubstr("move it away, or choose another folder with '--to DIR'")));
  EXPECT_EQ(read_whole_file(own), "my own");
  EXPECT_THAT(target_files(), ::testing::UnorderedElementsAre("set", "set/b.txt")) << "nothing was fetched";
  std::filesystem::remove(own);
  std::filesystem::create_symlink("nowhere", own);
  EXPECT_THAT(refused(), HasSubstr("this is no file, or a link to one that is missing, where 'set/b.txt' is to go"));
  EXPECT_TRUE(std::filesystem::is_symlink(own));
}

TEST_F(Fetching, AFileOfWhichNothingIsPublishedIsSaidToBeUnchecked) {
  std::string said;
  const auto note = [&](const std::string& line) { said += line + "\n"; };
  const Manifest bare = manifest({{.path = "a.txt", .url = url("one.txt")}});
  fetch(bare, folder_ / "target", note);
  EXPECT_THAT(said, HasSubstr("a.txt: 11 bytes, not checked: nothing is published of it\n"));
  said.clear();
  fetch(bare, folder_ / "target", note);
  EXPECT_EQ(said, "a.txt is here already (not checked: nothing is published of it)\n");
}

TEST_F(Fetching, ArchiveIsFetchedOnceForAllItsMembersAndChecked) {
  ASSERT_TRUE(pack({"tar", "-czf", "set.tar.gz", "./one.txt", "two.txt"}));
  int fetches = 0;
  const auto count = [&](const std::string& line) { fetches += line.starts_with("fetching"); };
  const std::string md5 = md5_file(folder_ / "source/set.tar.gz");
  fetch(manifest({{.path = "a.txt", .url = url("set.tar.gz"), .archive_md5 = md5, .member = "one.txt"},
                  {.path = "b.txt", .url = url("set.tar.gz"), .archive_md5 = md5, .member = "two.txt"}}),
        folder_ / "target", count);
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(read_whole_file(folder_ / "target/b.txt"), "second file\n");
  EXPECT_THAT(user_error([&] {
                fetch(manifest({{.path = "c.txt",
                                 .url = url("set.tar.gz"),
                                 .archive_md5 = std::string(32, '0'),
                                 .member = "two.txt"}}),
                      folder_ / "target", ignore_talk);
              }),
              HasSubstr("not what is published"));
}

TEST_F(Fetching, ArchivesOfEachKindGiveTheirMember) {
  const auto expect_member = [&](const std::string& archive, const std::string& member) {
    SCOPED_TRACE(archive);
    extract_member(folder_ / "source" / archive, member, folder_ / "out");
    EXPECT_EQ(read_whole_file(folder_ / "out"), "first file\n");
  };
  ASSERT_TRUE(pack({"tar", "-cf", "data.tar", "./one.txt"}));
  expect_member("data.tar", "one.txt");
  ASSERT_TRUE(pack({"gzip", "--keep", "one.txt"}));
  expect_member("one.txt.gz", "data");
  if (pack({"ar", "q", "package.deb", "two.txt", "data.tar"})) expect_member("package.deb", "one.txt");
  if (pack({"python3", "-m", "zipfile", "-c", "wheel.whl", "one.txt"})) expect_member("wheel.whl", "one.txt");
}

TEST_F(Fetching, MembersAreFoundByTheirLastFoldersOnly) {
  write("source/usr/lib/one.txt", "inner\n");
  ASSERT_TRUE(pack({"tar", "-cf", "set.tar", "./two.txt", "./usr"}));
  extract_member(folder_ / "source/set.tar", "lib/one.txt", folder_ / "out");
  EXPECT_EQ(read_whole_file(folder_ / "out"), "inner\n");
  EXPECT_THAT(user_error([&] { extract_member(folder_ / "source/set.tar", "ne.txt", folder_ / "out"); }),
              HasSubstr("has no 'ne.txt'"));
}

TEST_F(Fetching, ArchivesCannotWriteOutsideTheirFolder) {
  // A tar and a zip whose members lie above their folder, at absolute places and behind links.
  const std::string script = R"(
import io, sys, tarfile, zipfile
evil = sys.argv[1]
names = ['../evil', '../../evil', evil + '/evil', 'link/evil', 'evil']
with tarfile.open('evil.tar', 'w') as tar:
    link = tarfile.TarInfo('link')
    link.type, link.linkname = tarfile.SYMTYPE, evil
    tar.addfile(link)
    for name in names:
        member = tarfile.TarInfo(name)
        member.size = 4
        tar.addfile(member, io.BytesIO(b'evil'))
    for kind, name in ((tarfile.SYMTYPE, 'soft'), (tarfile.LNKTYPE, 'hard'), (tarfile.DIRTYPE, 'folder')):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, 'evil'
        tar.addfile(member)
with zipfile.ZipFile('evil.zip', 'w') as archive:
    link = zipfile.ZipInfo('link')
    link.create_system, link.external_attr = 3, 0o120777 << 16
    archive.writestr(link, evil)
    for name in names:
        archive.writestr(name, 'evil')
)";
  std::filesystem::create_directory(folder_ / "elsewhere");
  if (!pack({"python3", "-c", script, (folder_ / "elsewhere").string()})) GTEST_SKIP() << "python3 is not installed";
  const auto files = [&] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      names.push_back(entry.path().string());
    return names.size();
  };
  const std::size_t before = files();
  for (const std::string archive : {"evil.tar", "evil.zip"}) {
    const auto path = folder_ / "source" / archive;
    extract_member(path, "evil", folder_ / "out");  // whatever folders stand before the name
    EXPECT_EQ(read_whole_file(folder_ / "out"), "evil");
    std::filesystem::remove(folder_ / "out");
    for (const std::string name : {"link", "soft", "hard", "folder"})
      EXPECT_THAT(user_error([&] { extract_member(path, name, folder_ / "out"); }), HasSubstr("has no '" + name + "'"));
    EXPECT_EQ(files(), before);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "elsewhere"));
}

TEST_F(Fetching, NothingIsUsedThatIsNotVerified) {
  ASSERT_TRUE(pack({"tar", "-czf", "set.tar.gz", "one.txt"}));
  const auto refuse = [&](ManifestFile file) {
    file.path = "a.txt";
    EXPECT_THAT(user_error([&] { fetch(manifest({std::move(file)}), folder_ / "target", ignore_talk); }),
                HasSubstr("is not what"));
    EXPECT_THAT(target_files(), ::testing::IsEmpty());
  };
  refuse({.path = "", .bytes = 12, .url = url("one.txt")});
  refuse({.path = "", .sha256 = sha256("x"), .url = url("one.txt")});
  refuse({.path = "", .git_blob = std::string(40, '0'), .url = url("one.txt")});
  refuse({.path = "", .md5 = std::string(32, '0'), .url = url("one.txt")});
  refuse({.path = "", .also_sha256 = {sha256("x")}, .url = url("one.txt")});
  refuse({.path = "", .sha256 = sha256("first file\n"), .url = url("one.txt"), .archive_md5 = std::string(32, '0')});
  refuse({.path = "", .sha256 = sha256("x"), .url = url("set.tar.gz"), .member = "one.txt"});
}

TEST_F(Fetching, NoShellSeesAName) {
  const std::string name = "a; touch x $(touch y) `touch z`\n'\" b.txt";
  write("source/" + name, "first file\n");
  std::string address = "file://" + (folder_ / "source").string() + "/";
  for (const char c : name) address += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  fetch(manifest({{.path = name, .sha256 = sha256("first file\n"), .url = address}}), folder_ / "target $(touch w)",
        ignore_talk);
  EXPECT_EQ(read_whole_file(folder_ / "target $(touch w)" / name), "first file\n");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
    EXPECT_THAT(entry.path().filename().string(), ::testing::Not(::testing::SizeIs(1))) << entry.path();
}

TEST_F(Fetching, DamagedArchiveIsRefused) {
  ASSERT_TRUE(pack({"tar", "-czf", "set.tar.gz", "one.txt"}));
  const std::string whole = read_whole_file(folder_ / "source/set.tar.gz");
  const auto path = write("source/cut.tar.gz", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(user_error([&] { extract_member(path, "one.txt", folder_ / "out"); }), HasSubstr("cut.tar.gz"));
}

TEST(Process, ReportsExitCodesErrorsAndAbsentPrograms) {
  const auto here = std::filesystem::temp_directory_path();
  EXPECT_EQ(run_process({"true"}, here).exit_code, 0);
  const ProcessResult listed = run_process({"ls", "/nonexistent-file"}, here);
  EXPECT_NE(listed.exit_code, 0);
  EXPECT_THAT(listed.errors, HasSubstr("/nonexistent-file"));
  EXPECT_FALSE(run_process({"no-such-program-here"}, here).started);
  EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"}, here).exit_code, 137);
}

}  // namespace
}  // namespace frugal::data
