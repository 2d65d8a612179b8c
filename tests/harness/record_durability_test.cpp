// What a crash or a power cut may find on the disk: the system calls of a run folder, in their order. This program's own
// write, fsync, rename and renameat write a line and then call the system's.
#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/record/files.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

/// Calls since the last clear(), while a test listens: "fsync run.json.tmp", "rename cells.jsonl -> cells.jsonl.bak".
struct Calls {
  bool listening = false;
  std::vector<std::string> list{};
  std::optional<std::size_t> room{};  ///< bytes that the disk has left; none: it has enough
};
Calls& calls() {
  static Calls all;
  return all;
}

/// The last part of a path; of a temporary file without its number.
std::string short_name(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (!name.ends_with(".tmp")) return name;
  const std::string target = name.substr(0, name.size() - 4);
  return target.substr(0, target.rfind('.')) + ".tmp";
}

std::string name_of(int descriptor) {
  std::error_code ignored;
  return short_name(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), ignored));
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace
}  // namespace frugal::harness

extern "C" int fsync(int descriptor) {
  if (auto& calls = frugal::harness::calls(); calls.listening)
    calls.list.push_back("fsync " + frugal::harness::name_of(descriptor));
  return frugal::harness::next<int(int)>("fsync")(descriptor);
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (auto& calls = frugal::harness::calls(); calls.listening)
    calls.list.push_back("rename " + frugal::harness::short_name(from) + " -> " + frugal::harness::short_name(to));
  return frugal::harness::next<int(const char*, const char*)>("rename")(from, to);
}

extern "C" ssize_t write(int descriptor, const void* bytes, size_t count) {
  if (auto& calls = frugal::harness::calls(); calls.listening)
    calls.list.push_back("write " + frugal::harness::name_of(descriptor));
  if (std::optional<size_t>& room = frugal::harness::calls().room; room) {
    if (*room == 0) {
      errno = ENOSPC;
      return -1;
    }
    count = std::min(count, *room);
    *room -= count;
  }
  return frugal::harness::next<ssize_t(int, const void*, size_t)>("write")(descriptor, bytes, count);
}

namespace frugal::harness {
namespace {

using ::testing::ElementsAre;

class Durability : public ::testing::Test {
 protected:
  template <class Act>
  static std::vector<std::string> calls_of(const Act& act) {
    calls() = {.listening = true};
    act();
    calls().listening = false;
    return calls().list;
  }

  ScratchFolder scratch;
  const std::filesystem::path run = scratch / "run";
};

TEST_F(Durability, AFileIsOnTheDiskBeforeItHasItsName) {
  EXPECT_THAT(calls_of([&] { write_whole_file(scratch / "a.txt", "text"); }),
              ElementsAre("fsync a.txt.tmp", "rename a.txt.tmp -> a.txt", "fsync " + short_name(scratch.path())));
}

TEST_F(Durability, ARunFolderIsSynchronisedWithItsFirstFiles) {
  EXPECT_THAT(calls_of([&] { ResultStore(run, fixtures::fake_provenance(), {}); }),
              ElementsAre("fsync run.json.tmp", "rename run.json.tmp -> run.json", "fsync run", "fsync run"));
}

TEST_F(Durability, ARecordIsOneWriteAndOneFsync) {
  ResultStore store(run, fixtures::fake_provenance(), {});
  EXPECT_THAT(calls_of([&] { store.append(fixtures::fake_record(1)); }),
              ElementsAre("write cells.jsonl", "fsync cells.jsonl"));
}

TEST_F(Durability, ALineThatFindsNoRoomLeavesNothingAndNoLaterOneIsGluedToIt) {
  ResultStore store(run, fixtures::fake_provenance(), {});
  store.append(fixtures::fake_record(1));
  calls() = {.room = 20};
  EXPECT_THROW(store.append(fixtures::fake_record(2)), OutputError);
  calls().room.reset();
  EXPECT_THROW(store.append(fixtures::fake_record(3)), OutputError) << "what another worker has";
  EXPECT_EQ(fixtures::text_of(run / "cells.jsonl"), record_line(fixtures::fake_record(1)));
}

TEST_F(Durability, WhatAKilledWriterLeftGoesAndNothingElse) {
  ResultStore(run, fixtures::fake_provenance(), {}).append(fixtures::fake_record(1));
  for (const char* name : {"run.json.123-0.tmp", "run.json.bak", "notes.tmp"}) fixtures::write_file(run / name, "x");
  ResultStore(run, fixtures::fake_provenance(), {});
  EXPECT_FALSE(std::filesystem::exists(run / "run.json.123-0.tmp"));
  EXPECT_TRUE(std::filesystem::exists(run / "run.json.bak"));
  EXPECT_TRUE(std::filesystem::exists(run / "notes.tmp"));
}

TEST_F(Durability, TheRecordsMoveAsideBeforeWhatSaysWhoMadeThem) {
  ResultStore(run, fixtures::fake_provenance(), {}).append(fixtures::fake_record(1));
  EXPECT_THAT(calls_of([&] { ResultStore(run, fixtures::fake_provenance(), {.start_anew = true}); }),
              ElementsAre("rename cells.jsonl -> cells.jsonl.bak", "rename run.json -> run.json.bak",
                          "fsync run.json.tmp", "rename run.json.tmp -> run.json", "fsync run", "fsync run"));
}

}  // namespace
}  // namespace frugal::harness
