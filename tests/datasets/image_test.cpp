#include "datasets/image.hpp"

#include <nlohmann/json.hpp>

#include "datasets/signal.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;

class Images : public WithFolder {};

TEST_F(Images, GreyBecomesRgb) {
  const auto path = folder_ / "g.png";
  write_png(path, {.height = 1, .width = 2, .channels = 1, .values = {-1.0F, 1.0F}});
  EXPECT_THAT(read_png(path).values, ElementsAre(-1, -1, -1, 1, 1, 1));
}

TEST_F(Images, AreTheSignalOfTheirSize) {
  const Image image = load_image({{"name", "synthetic-photo"}}, "ignored", 20, {}, 1);
  EXPECT_EQ(image.height, 20);
  EXPECT_EQ(image.width, 20);
  EXPECT_EQ(image.values, load_signal({{"name", "synthetic-photo"}}, {.size = 20}, {}, 1).values);
}

}  // namespace
}  // namespace frugal::data
