#include "impl/common/together.hpp"

namespace frugal {

std::string first_words(Communicator& ranks, const std::string& own) {
  const std::vector<char> has = gathered(ranks, std::vector<char>{static_cast<char>(own.empty() ? 0 : 1)});
  const auto first = std::ranges::find(has, 1);
  if (first == has.end()) return "";
  std::vector<char> words;
  if (first - has.begin() == ranks.rank()) words.assign(own.begin(), own.end());
  words = gathered(ranks, words);
  return {words.begin(), words.end()};
}

}  // namespace frugal
