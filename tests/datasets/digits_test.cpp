#include "datasets/formats/digits.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace frugal::data {
namespace {

TEST(Digits, AreReadUpToTheFirstOtherByte) {
  std::mt19937_64 random(5);
  for (std::size_t count = 0; count <= 16; ++count)
    for (int other = 0; other < 256; ++other) {
      if (other >= '0' && other <= '9') continue;
      std::string text;
      while (text.size() < count) text += static_cast<char>('0' + random() % 10);
      const std::uint64_t value = count == 0 ? 0 : std::stoull(text);
      text += static_cast<char>(other);
      while (text.size() < 24) text += static_cast<char>(random());
      const Digits digits = leading_digits(text.data());
      ASSERT_EQ(digits.count, count) << other;
      ASSERT_EQ(digits.value, value) << other;
    }
  EXPECT_EQ(leading_digits("99999999999999999999").count, 16u);
  EXPECT_EQ(leading_digits("99999999999999999999").value, 9'999'999'999'999'999u);
}

TEST(ByteFinder, FindsTheFirstOfItsBytes) {
  const ByteFinder finder('\n', ',', '"', '\xff');
  for (std::size_t place = 0; place < 20; ++place)
    for (const char byte : {'\n', ',', '"', '\xff'})
      for (const char before : {'\x00', '\x0b', '\x09', '-', '!', '\xfe', '\x7f', '\x80'}) {
        std::string text(place, before);
        text += byte;
        text.append(16, ',');
        ASSERT_EQ(finder.find(text.data()) - text.data(), static_cast<std::ptrdiff_t>(place));
      }
}

}  // namespace
}  // namespace frugal::data
