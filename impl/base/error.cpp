#include "impl/base/error.hpp"

namespace frugal {

std::string Place::str() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

UserError::UserError(const Place& place, const std::string& message)
    : std::runtime_error(place.str().empty() ? message : place.str() + ": " + message) {}

}  // namespace frugal
