#include "impl/base/files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "impl/base/descriptor.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class FilesOnDisk : public testing::Test {
 protected:
  template <class Error = UserError, class Body>
  static std::string error_of(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::ptrdiff_t names() const { return std::distance(fs::directory_iterator(folder_.path()), {}); }

  ScratchFolder folder_;
};

TEST_F(FilesOnDisk, WhatWasWrittenIsReadWholeOrFromTheStart) {
  const std::string bytes(200'000, 'x');
  write_whole_file(folder_ / "a", bytes);
  EXPECT_EQ(read_whole_file(folder_ / "a"), bytes);
  EXPECT_EQ(read_file_start(folder_ / "a", 70'000), bytes.substr(0, 70'000));
  EXPECT_EQ(read_file_start(folder_ / "a", 0), "");
  write_whole_file(folder_ / "a", "");
  EXPECT_EQ(read_whole_file(folder_ / "a"), "");
}

TEST_F(FilesOnDisk, FilesWithoutASizeAreReadToo) {
  EXPECT_THAT(read_whole_file("/proc/self/status"), HasSubstr("Pid"));
}

TEST_F(FilesOnDisk, WhatCannotBeReadOrWrittenSaysWhichFileAndWhy) {
  const std::string absent = (folder_ / "absent").string();
  EXPECT_EQ(error_of([&] { read_whole_file(absent); }), absent + ": cannot open this file: No such file or directory");
  EXPECT_THAT(error_of([&] { read_whole_file(folder_.path()); }), HasSubstr("cannot read this file: Is a directory"));
  EXPECT_EQ(error_of<OutputError>([&] { write_whole_file(absent + "/a", "x"); }),
            absent + "/a: cannot write this file: No such file or directory");
  EXPECT_THAT(error_of<OutputError>([&] { write_whole_file(folder_.path(), "x"); }),
              HasSubstr("cannot write this file: Is a dir"));
  EXPECT_EQ(error_of<OutputError>([&] { write_whole_file("/dev/full", "x"); }),
            "/dev/full: cannot write this file: No space left on device");
}

TEST_F(FilesOnDisk, FoldersAreMadeOrSayWhyNot) {
  EXPECT_TRUE(make_folders(folder_ / "a/b"));
  EXPECT_FALSE(make_folders(folder_ / "a/b"));
  write_whole_file(folder_ / "file", "x");
  EXPECT_EQ(error_of<OutputError>([&] { make_folders(folder_ / "file/a"); }),
            (folder_ / "file/a").string() + ": cannot make this folder: Not a directory");
  EXPECT_EQ(error_of<OutputError>([&] { make_folders("/proc/a"); }),
            "/proc/a: cannot make this folder: No such file or directory");
}

TEST_F(FilesOnDisk, ACopyHasAllBytesAndReplacesWhatWasThere) {
  const std::string bytes(3'000'000, 'x');
  write_whole_file(folder_ / "a", bytes);
  write_whole_file(folder_ / "b", "old");
  copy_whole_file(folder_ / "a", folder_ / "b");
  EXPECT_EQ(read_whole_file(folder_ / "b"), bytes);
}

TEST_F(FilesOnDisk, TextIsBounded) {
  write_whole_file(folder_ / "a", "x");
  fs::resize_file(folder_ / "a", max_text_bytes);
  EXPECT_EQ(read_text_file(folder_ / "a").size(), max_text_bytes);
  fs::resize_file(folder_ / "a", max_text_bytes + 1);
  EXPECT_THAT(error_of([&] { read_text_file(folder_ / "a"); }), HasSubstr("larger than 16 MiB"));
}

TEST_F(FilesOnDisk, AFileHasItsNameOnlyWhenItIsWhole) {
  write_whole_file(folder_ / "a", "old");
  {
    FileWriter file(folder_ / "a");
    file.write("half");
    EXPECT_EQ(names(), 2);
  }
  EXPECT_EQ(names(), 1) << "a temporary file was left";
  EXPECT_EQ(read_whole_file(folder_ / "a"), "old");
  FileWriter file(folder_ / "a");
  file.write("ne");
  file.write("w");
  file.finish();
  EXPECT_EQ(read_whole_file(folder_ / "a"), "new");
  EXPECT_EQ(names(), 1);
}

TEST_F(FilesOnDisk, ALinkStaysALink) {
  write_whole_file(folder_ / "a", "old");
  fs::create_symlink("a", folder_ / "link");
  write_whole_file(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_whole_file(folder_ / "a"), "new");
}

TEST_F(FilesOnDisk, APipeIsWrittenToAndNotReplaced) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Descriptor reader(::open(pipe.c_str(), O_RDWR));
  write_whole_file(pipe, "through");
  char got[7] = {};
  ASSERT_EQ(::read(reader.get(), got, sizeof(got)), 7);
  EXPECT_EQ(std::string(got, 7), "through");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

}  // namespace
}  // namespace frugal
