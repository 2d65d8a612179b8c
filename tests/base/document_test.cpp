#include "impl/base/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Json read(std::string_view text) { return to_json(parse_yaml(text, "f.yaml").at(0)); }

std::string error_of(std::string_view text) {
  try {
    parse_yaml(text, "f.yaml");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Document, PlainScalarsFollowTheCoreSchema) {
  EXPECT_EQ(read("[true, false, ~, null, 12, -3, +4]"), Json::parse("[true, false, null, null, 12, -3, 4]"));
  EXPECT_EQ(read("[1.5, .5, 2., 1e3, -1.5E-2]"), Json::parse("[1.5, 0.5, 2.0, 1000.0, -0.015]"));
  EXPECT_TRUE(read("[1e3]")[0].is_number_float()) << "an exponent makes a real number, even an integral one";
}

TEST(Document, LeadingZeroIsDecimal) { EXPECT_EQ(read("[010, 0x10, 0o10]"), Json::parse("[10, 16, 8]")); }

TEST(Document, WordsOfYaml11AreStrings) {
  EXPECT_EQ(read("[yes, no, on, off, True, 1_000, 12:30]"),
            Json::parse(R"(["yes", "no", "on", "off", "True", "1_000", "12:30"])"));
}

TEST(Document, QuotedScalarsAreStrings) {
  EXPECT_EQ(read("['1', \"true\", '']"), Json::parse(R"(["1", "true", ""])"));
  EXPECT_EQ(read("a: |-\n  2\nb: >-\n  true\n"), Json::parse(R"({"a": "2", "b": "true"})")) << "block scalars";
}

TEST(Document, EveryValueKnowsItsPlace) {
  const Node root = parse_yaml("# a comment\na: 1\nb:\n  - x\n  - {c: 2}\n", "f.yaml").at(0);
  EXPECT_EQ(root.find("a")->place.str(), "f.yaml:2:4");
  EXPECT_EQ(root.entries[1].key_place.str(), "f.yaml:3:1");
  EXPECT_EQ(root.find("b")->items[0].place.str(), "f.yaml:4:5");
  EXPECT_EQ(root.find("b")->items[1].find("c")->place.str(), "f.yaml:5:9");
}

TEST(Document, AValueThatWasLeftOutIsAtItsOwnLine) {
  const auto place = [](std::string_view text, std::string_view key) {
    return parse_yaml(text, "f.yaml").at(0).find(key)->place.str();
  };
  EXPECT_EQ(place("a:\n\n# a comment\nb: 1\n", "a"), "f.yaml:1:1");
  EXPECT_EQ(place("b: 1\na:\n", "a"), "f.yaml:2:1");
  EXPECT_EQ(place("b: 1\na: ~\n", "a"), "f.yaml:2:4");
  EXPECT_EQ(place("{b: 1,\n a: , c: 2}\n", "a"), "f.yaml:2:5");
  const auto place_of_item = [](std::string_view text, std::size_t i) {
    return parse_yaml(text, "f.yaml").at(0).entries.at(0).value.items.at(i).place.str();
  };
  EXPECT_EQ(place_of_item("a:\n  - x\n  -\n\n  # a comment\n  - y\n", 1), "f.yaml:3:3");
  EXPECT_EQ(place_of_item("a:\n  - x\n  -\nb: 1\n", 1), "f.yaml:3:3");
  EXPECT_EQ(place_of_item("a:\n  - x\n  - ~\n", 1), "f.yaml:3:5");
  EXPECT_EQ(place_of_item("a: [x, ~]", 1), "f.yaml:1:8");
}

TEST(Document, KeysKeepFileOrder) {
  const Node root = parse_yaml("z: 1\na: 2\nm: 3", "f.yaml").at(0);
  ASSERT_EQ(root.entries.size(), 3U);
  EXPECT_EQ(root.entries[0].key + root.entries[1].key + root.entries[2].key, "zam");
}

TEST(Document, SeveralDocumentsAreSeparatedByDashes) {
  const std::vector<Node> documents = parse_yaml("a: 1\n---\nb: 2\n", "f.yaml");
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_NE(documents[1].find("b"), nullptr);
}

TEST(Document, DuplicateKeysAreRefusedAtTheSecondOne) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3"), "f.yaml:3:1: duplicate key 'a'; it was first given at line 1");
  EXPECT_THAT(error_of("a: 1\n'a': 3"), HasSubstr("duplicate key"));
}

TEST(Document, AnchorsAliasesTagsAndMergeKeysAreRefused) {
  EXPECT_THAT(error_of("a: &x 1"), AllOf(StartsWith("f.yaml:1:4: "), HasSubstr("anchors")));
  EXPECT_THAT(error_of("- &x {a: 1}"), HasSubstr("anchors"));
  EXPECT_THAT(error_of("a: &x\nb: 1"), HasSubstr("anchors"));
  EXPECT_THAT(error_of("a: *x"), StartsWith("f.yaml:1:4: "));
  EXPECT_THAT(error_of("a: !!int 3"), AllOf(StartsWith("f.yaml:1:4: "), HasSubstr("tags")));
  EXPECT_THAT(error_of("a: !mine [1]"), HasSubstr("tags"));
  EXPECT_THAT(error_of("<<: {a: 1}"), AllOf(StartsWith("f.yaml:1:1: "), HasSubstr("merge keys")));
}

TEST(Document, NumbersMustBeFiniteAndFit) {
  EXPECT_EQ(read("[9223372036854775807, -9223372036854775808]")[0].get<std::int64_t>(), 9223372036854775807);
  for (const char* text :
       {"[9223372036854775808]", "[0x8000000000000000]", "[1e999]", "[1e-999]", "[.inf]", "[-.INF]", "[.nan]"}) {
    EXPECT_THAT(error_of(text), StartsWith("f.yaml:1:2: ")) << text;
  }
}

TEST(Document, KeysMustBeStrings) {
  EXPECT_EQ(error_of("1: a"), "f.yaml:1:1: a key must be a string: write \"1\" (or is a bracket, ] or }, missing?)");
  EXPECT_THAT(error_of("? [a]\n: 1"), HasSubstr("a key must be a string"));
  EXPECT_EQ(read("\"1\": a"), Json::parse(R"({"1": "a"})"));
}

TEST(Document, EmptyDocumentsAreRefused) {
  for (const char* text : {"", "# only a comment\n", "---\n", "a: 1\n---\n", "~"}) {
    EXPECT_THAT(error_of(text), StartsWith("f.yaml")) << text;
  }
}

TEST(Document, BrokenYamlIsReportedWithItsPlace) {
  EXPECT_THAT(error_of("a: [1, 2"), StartsWith("f.yaml:1:"));
  EXPECT_THAT(error_of("a: 1\n  b: 2"), StartsWith("f.yaml:2:"));
  EXPECT_THAT(error_of("a: 1\n}"), StartsWith("f.yaml:2:1: "));
  EXPECT_THAT(error_of("a: 1\n...\nb: 2"), StartsWith("f.yaml:3:1: "));
}

TEST(Document, OnlyCleanUtf8IsRead) {
  EXPECT_EQ(read("a: gr\xc3\xbc\xc3\x9f")["a"], "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(error_of("a: 1\nb: \xff"), "f.yaml:2:4: not UTF-8 text; save the file as UTF-8");
  EXPECT_THAT(error_of("a: \xc0\xaf"), HasSubstr("not UTF-8")) << "overlong form";
  EXPECT_THAT(error_of("a: \xed\xa0\x80"), HasSubstr("not UTF-8")) << "surrogate";
  EXPECT_THAT(error_of(std::string_view("a: \0", 4)), HasSubstr("control character 0"));
}

TEST(Document, LinesEndInLfOrCrLf) {
  EXPECT_EQ(read("a: 1\r\nb: 2\r\n"), Json::parse(R"({"a": 1, "b": 2})"));
  EXPECT_THAT(error_of("a: 1\rb: 2\r"), AllOf(StartsWith("f.yaml:1:5: "), HasSubstr("LF or CR LF")));
}

TEST(Document, NestingIsLimited) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
  EXPECT_EQ(error_of(nested(64)), "no error");
  EXPECT_THAT(error_of(nested(65)), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), StartsWith("f.yaml:1:"));
}

TEST(Document, SizeAndNumberAreLimited) {
  std::string documents = "a: 1\n";
  for (int i = 1; i < 1000; ++i) documents += "---\na: 1\n";
  EXPECT_EQ(error_of(documents), "no error");
  EXPECT_EQ(error_of(documents + "---\na: 1\n"), "f.yaml:2000:1: more than 1000 documents in one file");
  EXPECT_THAT(error_of(std::string((16U << 20) + 1, ' ')), HasSubstr("larger than 16 MiB"));
}

TEST(Document, TypedAccessSaysWhatItFound) {
  const Node root = parse_yaml("a: word\nb: 1\nc: 1.5\nd: [1]", "f.yaml").at(0);
  const auto message = [](auto&& access) -> std::string {
    try {
      access();
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message([&] { root.find("a")->as_integer(); }),
            "f.yaml:1:4: expected an integer, but this is the string \"word\"");
  EXPECT_EQ(message([&] { root.find("c")->as_integer(); }),
            "f.yaml:3:4: expected an integer, but this is the real number 1.5");
  EXPECT_EQ(message([&] { root.find("b")->as_string(); }), "f.yaml:2:4: expected a string, but this is the integer 1");
  EXPECT_EQ(message([&] { root.find("d")->as_map(); }), "f.yaml:4:4: expected a map, but this is a list");
  EXPECT_EQ(root.find("b")->as_real(), 1.0) << "an integer will do for a real number";
}

TEST(Document, UnknownKeysComeWithASuggestion) {
  const Node root = parse_yaml("a: 1\nwidht: 2", "f.yaml").at(0);
  try {
    require_keys(root, {"a", "width", "depth"}, "key");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "f.yaml:2:1: unknown key 'widht'; did you mean 'width'?");
  }
}

TEST(Document, AFileThatCannotBeReadIsAUserError) {
  const ScratchFolder scratch;
  EXPECT_THROW(load_yaml("no/such/file.yaml"), UserError);
  EXPECT_THROW(load_yaml(scratch.path()), UserError) << "a folder";
  const std::string path = scratch / "document.yaml";
  std::ofstream(path) << "a: 1\n";
  EXPECT_EQ(to_json(load_yaml(path).at(0)), Json::parse(R"({"a": 1})"));
}

}  // namespace
}  // namespace frugal
