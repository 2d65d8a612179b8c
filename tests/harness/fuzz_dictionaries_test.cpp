// The words that the fuzzers build inputs from: each dictionary is of a target, can be read, and knows what records know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

const std::filesystem::path source = FRUGAL_SOURCE_DIR;
const std::filesystem::path dictionaries = source / "tests/fuzz/dictionaries";

TEST(FuzzDictionaries, AreOfATargetAndInTheFormOfLibFuzzer) {
  const std::regex line(R"re(#.*|"([^"\\]|\\["\\]|\\x[0-9a-f]{2})+")re");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dictionaries)) {
    ++files;
    const std::filesystem::path target = "fuzz_" + entry.path().stem().string() + ".cpp";
    EXPECT_TRUE(std::filesystem::exists(source / "tests/fuzz" / target)) << entry.path();
    std::istringstream words(fixtures::text_of(entry.path()));
    for (std::string word; std::getline(words, word);)
      EXPECT_TRUE(std::regex_match(word, line)) << entry.path() << ": " << word;
  }
  EXPECT_GE(files, 6);
  EXPECT_THAT(fixtures::text_of(source / "ci/fuzz.sh"), ::testing::HasSubstr("-dict="));
}

void add_keys(const Json& schema, std::set<std::string>& keys) {
  if (schema.is_array())
    for (const Json& item : schema) add_keys(item, keys);
  if (!schema.is_object()) return;
  for (const auto& [name, value] : schema.items()) {
    if (name == "properties")
      for (const auto& [key, of_key] : value.items()) keys.insert(key);
    add_keys(value, keys);
  }
}

TEST(FuzzDictionaries, OfRecordsHasEveryKeyOfTheSchemas) {
  const std::string words = fixtures::text_of(dictionaries / "records.dict");
  std::set<std::string> keys;
  for (const char* schema : {"cells.schema.json", "run.schema.json"})
    add_keys(Json::parse(fixtures::text_of(source / "results/schema" / schema)), keys);
  EXPECT_GT(keys.size(), 60);
  for (const std::string& key : keys) EXPECT_THAT(words, ::testing::HasSubstr("\\\"" + key + "\\\":"));
}

}  // namespace
}  // namespace frugal::harness
