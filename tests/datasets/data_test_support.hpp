// What the tests of data sets share: files in a temporary folder, and the place of real data.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "impl/base/error.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::data {

/// A test with a folder of its own.
class WithFolder : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  ScratchFolder scratch_;
  const std::filesystem::path folder_ = scratch_.path();
};

/// The message of the UserError that `body` throws; "" and a failure when it throws none.
template <class Body>
std::string user_error(Body&& body) {
  try {
    body();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no UserError";
  return "";
}

/// The folder of real data, or a skip with its reason (use in the body of a test).
inline std::vector<std::filesystem::path> real_data_dirs() {
  const char* const folder = std::getenv("FRUGAL_DATA");
  if (!folder || !*folder) return {};
  return {folder};
}

}  // namespace frugal::data

#define FRUGAL_REAL_FILE(variable, file)                                                    \
  if (::frugal::data::real_data_dirs().empty()) GTEST_SKIP() << "FRUGAL_DATA is not set";   \
  const std::filesystem::path variable = ::frugal::data::real_data_dirs().front() / (file); \
  if (!std::filesystem::exists(variable)) GTEST_SKIP() << variable << " is not here"
