#include "impl/base/shared_json.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(SharedJson, CopiesAreOneDocumentUntilOneIsWrittenTo) {
  SharedJson a = {{"inr", {{"grid", 2}}}};
  SharedJson b = a;
  EXPECT_EQ(&a.json(), &b.json());
  b["inr"]["grid"] = 4;
  EXPECT_EQ(a.dump(), R"({"inr":{"grid":2}})");
  EXPECT_EQ(b.dump(), R"({"inr":{"grid":4}})");
  EXPECT_FALSE(a == b);
  b["inr"]["grid"] = 2;
  EXPECT_TRUE(a == b) << "two documents that say the same";
}

}  // namespace
}  // namespace frugal
