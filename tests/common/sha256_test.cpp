#include "impl/common/sha256.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "impl/common/error.hpp"

namespace frugal {
namespace {

std::string file_with(const std::string& bytes) {
  // A name of its own for every test: ctest runs each in a process, several at once.
  const std::string path = testing::TempDir() + "sha256_" +
                           testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
                           std::to_string(::getpid()) + ".bin";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// FIPS 180-4, examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, AFileInPiecesIsAsTheWhole) {
  std::string bytes;
  for (unsigned i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7919 >> 5);
  EXPECT_EQ(sha256_file(file_with(bytes)), sha256(bytes));
}

// RFC 1321, A.5; `printf 'hello\n' | git hash-object --stdin`.
TEST(Sha256, Md5AndGitBlobIdsOfFiles) {
  EXPECT_EQ(md5_file(file_with("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(git_blob_id(file_with("hello\n")), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(Sha256, WhatCannotBeReadIsAUserError) {
  EXPECT_THROW(sha256_file("no/such/file"), UserError);
  EXPECT_THROW(sha256_file(testing::TempDir()), UserError) << "a folder";
  EXPECT_THROW(git_blob_id("no/such/file"), UserError);
}

}  // namespace
}  // namespace frugal
