#include "impl/base/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "impl/base/descriptor.hpp"

namespace frugal {
namespace {

TEST(Process, IsAskedToEndOnceTheStopCanBeRead) {
  Pipe stop;
  EXPECT_EQ(run_process({"true"}, ".", Stdout::dropped, stop.read.get()).exit_code, 0) << "nothing to read";
  ASSERT_EQ(::write(stop.write.get(), "x", 1), 1);
  EXPECT_EQ(run_process({"sleep", "600"}, ".", Stdout::dropped, stop.read.get()).exit_code, 128 + SIGTERM);
}

}  // namespace
}  // namespace frugal
