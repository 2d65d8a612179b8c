// The members of a JSON object, each with its type: what is wrong is told with its place.
#include <gtest/gtest.h>

#include <functional>

#include "benchmarks/harness/plan/json_reader.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

const Place third_line{"cells.jsonl", 3};

std::string json_error(const std::function<void()>& body) { return fixtures::user_error_of(body); }

TEST(JsonText, ThatIsNoJsonIsRefusedAtItsPlace) {
  EXPECT_EQ(parse_json("{\"a\": 1}", third_line), Json({{"a", 1}}));
  const auto refusal = [](const std::string& text) { return json_error([&] { parse_json(text, third_line); }); };
  EXPECT_EQ(refusal(""), "cells.jsonl:3:1: is not valid JSON");
  EXPECT_EQ(refusal("{"), "cells.jsonl:3:2: is not valid JSON");
  EXPECT_EQ(refusal("{} {}"), "cells.jsonl:3:4: is not valid JSON");
  EXPECT_EQ(refusal("{\"a\": 1e999}"), "cells.jsonl:3: is not valid JSON: it has a number that is too large");
  EXPECT_EQ(json_error([] { parse_json("{\n  \"a\": x}", Place{"run.json"}); }), "run.json:2:8: is not valid JSON");
}

TEST(JsonText, WithANumberThatIsNotFiniteSaysWhichAndWhere) {
  for (const std::string word : {"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"})
    EXPECT_EQ(json_error([&] { parse_json("{\"a\": [1, " + word + "]}", third_line); }),
              "cells.jsonl:3:11: is not valid JSON: it has no " + word);
}

TEST(JsonMembers, HaveTheTypeThatIsAskedForOrAreRefused) {
  const Json json = {{"o", Json::object()}, {"l", Json::array()}, {"s", "x"}, {"d", 0.5}, {"b", true}, {"n", 3},
                     {"minus", -1},         {"schema", 2}};
  const JsonReader reader(json, third_line, "a record");
  EXPECT_EQ(reader.object("o"), Json::object());
  EXPECT_EQ(reader.list("l"), Json::array());
  EXPECT_EQ(reader.string("s"), "x");
  EXPECT_EQ(reader.number("d"), 0.5);
  EXPECT_EQ(reader.number("n"), 3);
  EXPECT_TRUE(reader.boolean("b"));
  EXPECT_EQ(reader.natural("n"), 3u);
  EXPECT_EQ(json_error([&] { reader.object("l"); }), "cells.jsonl:3: a record key 'l' is not an object: []");
  EXPECT_EQ(json_error([&] { reader.list("o"); }), "cells.jsonl:3: a record key 'o' is not a list: {}");
  EXPECT_EQ(json_error([&] { reader.string("n"); }), "cells.jsonl:3: a record key 'n' is not a string: 3");
  EXPECT_EQ(json_error([&] { reader.number("s"); }), "cells.jsonl:3: a record key 's' is not a number: \"x\"");
  EXPECT_EQ(json_error([&] { reader.boolean("n"); }), "cells.jsonl:3: a record key 'n' is not a boolean: 3");
  for (const char* key : {"minus", "d", "s"})
    EXPECT_NE(json_error([&] { reader.natural(key); }).find("is not an integer from 0"), std::string::npos) << key;
  EXPECT_EQ(json_error([&] { reader.at("none"); }), "cells.jsonl:3: a record has no key 'none'");
}

TEST(JsonMembers, OfAnotherSchemaOrOfNoObjectAreRefused) {
  const Json json = {{"schema", 2}};
  const JsonReader reader(json, third_line, "a record");
  EXPECT_NO_THROW(reader.require_schema(2));
  EXPECT_EQ(json_error([&] { reader.require_schema(1); }),
            "cells.jsonl:3: a record has schema 2, but this program reads schema 1");
  const Json list = Json::array();
  EXPECT_EQ(json_error([&] { JsonReader(list, third_line, "a record"); }), "cells.jsonl:3: a record is not an object");
}

}  // namespace
}  // namespace frugal::harness
