#include "impl/base/sha256.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "impl/base/error.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

class Sha256OfFiles : public testing::Test {
 protected:
  std::string file_with(const std::string& bytes) const {
    const std::string path = scratch_ / "file.bin";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  ScratchFolder scratch_;
};

// FIPS 180-4, examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Sha256OfFiles, InPiecesIsAsTheWhole) {
  std::string bytes;
  for (unsigned i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7919 >> 5);
  EXPECT_EQ(sha256_file(file_with(bytes)), sha256(bytes));
}

// RFC 1321, A.5; `printf 'hello\n' | git hash-object --stdin`.
TEST_F(Sha256OfFiles, Md5AndGitBlobIds) {
  EXPECT_EQ(md5_file(file_with("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(git_blob_id(file_with("hello\n")), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST_F(Sha256OfFiles, WhatCannotBeReadIsAUserError) {
  EXPECT_THROW(sha256_file("no/such/file"), UserError);
  EXPECT_THROW(sha256_file(scratch_.path()), UserError) << "a folder";
  EXPECT_THROW(git_blob_id("no/such/file"), UserError);
}

}  // namespace
}  // namespace frugal
