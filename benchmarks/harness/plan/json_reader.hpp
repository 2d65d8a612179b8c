// JSON that a program wrote: read strictly, and what is wrong is told with its place.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// The value of a text. Throws UserError at `place`.
Json parse_json(std::string_view text, const Place& place);

/// The members of one object. Each call throws UserError when the member is missing or of another type. Keeps
/// references: object and place must outlive it.
class JsonReader {
 public:
  /// `what` ("a record") begins every message.
  JsonReader(const Json& object, const Place& place, std::string what);

  const Json& at(const char* key) const;
  const Json& object(const char* key) const;
  const Json& list(const char* key) const;
  std::string string(const char* key) const;
  double number(const char* key) const;
  bool boolean(const char* key) const;
  std::uint64_t natural(const char* key) const;
  void require_schema(int expected) const;
  [[noreturn]] void fail(const std::string& message) const;

 private:
  const Json& typed(const char* key, bool right, const char* expected) const;

  const Json& object_;
  const Place& place_;
  std::string what_;
};

}  // namespace frugal::harness
