// The plans in README.md and docs are plans: what a reader copies is right.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

/// The ```yaml blocks of a page that are plans: they have a schema and a workload, and run on a back end.
std::vector<std::string> plans_of(const std::filesystem::path& page) {
  std::ifstream file(page);
  std::vector<std::string> plans;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (!inside && line == "```yaml") {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      const auto has = [&](const char* key) { return block.find(key) != std::string::npos; };
      if (has("schema: 1") && has("workload:") && has("backend:")) plans.push_back(block);
    } else if (inside) {
      block += line + "\n";
    }
  }
  return plans;
}

class Docs : public ProgramTest {};

TEST_F(Docs, EveryPlanOfThePagesIsAPlan) {
  // What the pages call a click log and a picture of one's own.
  write("log.csv", "clicked,age,price,site,device,when\n1,25,3.5,a.com,phone,2024-02-29\n");
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "photo.png"}).code, 0);
  const std::filesystem::path root = FRUGAL_SOURCE_DIR;
  std::vector<std::filesystem::path> pages{root / "README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::sort(pages.begin(), pages.end());
  std::size_t plans = 0;
  for (const std::filesystem::path& page : pages)
    for (const std::string& plan : plans_of(page)) {
      write("plan.yaml", plan);
      const Said said = frugal({"plan", "plan.yaml"});
      EXPECT_EQ(said.code, 0) << page << "\n" << plan << said.err;
      ++plans;
    }
  EXPECT_GE(plans, 4u) << "the pages have lost their plans, or this test no longer finds them";
}

}  // namespace
}  // namespace frugal::end_to_end
