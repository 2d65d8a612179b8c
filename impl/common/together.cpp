#include "impl/common/together.hpp"

#include <string>

#include "impl/base/error.hpp"

namespace frugal {

void together(Communicator& ranks, const std::function<void()>& step) {
  if (ranks.size() == 1) return step();
  std::vector<char> why;  // what() of an error, which is never empty
  try {
    step();
  } catch (const UserError& error) {
    const std::string words = error.what();
    why.assign(words.begin(), words.end());
  }
  const std::vector<char> failed = gathered(ranks, std::vector<char>{static_cast<char>(why.empty() ? 0 : 1)});
  const auto first = std::ranges::find(failed, 1);
  if (first == failed.end()) return;
  if (first - failed.begin() != ranks.rank()) why.clear();
  const std::vector<char> words = gathered(ranks, why);
  throw UserError(std::string(words.begin(), words.end()));
}

}  // namespace frugal
