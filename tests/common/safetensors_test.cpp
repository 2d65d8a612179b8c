#include "impl/common/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "impl/base/error.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

using ::testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data = "") {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

std::string safetensors_error(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "w.safetensors");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Safetensors, WhatIsSavedIsWhatIsLoaded) {
  const ScratchFolder folder;
  const ModelState state{.step = 77,
                         .tensors = {{"layer.0.weight", {2, 3}, {1, -2, 3.5F, 0, 1e-30F, 4}}, {"b", {1}, {9}}}};
  save_safetensors(folder / "w.safetensors", state);
  const ModelState loaded = load_safetensors(folder / "w.safetensors");
  EXPECT_EQ(loaded.step, 77u);
  ASSERT_EQ(loaded.tensors.size(), 2u);
  for (std::size_t t = 0; t < 2; ++t) {
    EXPECT_EQ(loaded.tensors[t].name, state.tensors[t].name);
    EXPECT_EQ(loaded.tensors[t].shape, state.tensors[t].shape);
    EXPECT_EQ(loaded.tensors[t].values, state.tensors[t].values);
  }
}

TEST(Safetensors, ReadsAFileOfTheFormatAsItIsWritten) {
  const ModelState state = parse_safetensors(
      file_of(R"({"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})", std::string("\0\0\x80\x3f\0\0\0\xc0", 8)),
      "");
  EXPECT_EQ(state.tensors.at(0).values, (std::vector<float>{1, -2}));
  EXPECT_EQ(state.step, 0u);
}

TEST(Safetensors, WidensHalfPrecision) {
  // 1, -2, the smallest subnormal, the largest number.
  const std::string data("\x00\x3c\x00\xc0\x01\x00\xff\x7b", 8);
  const ModelState state =
      parse_safetensors(file_of(R"({"w":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})", data), "");
  EXPECT_EQ(state.tensors.at(0).values, (std::vector<float>{1, -2, 0x1p-24F, 65504}));
}

TEST(Safetensors, ATensorWithoutValuesGoesThereAndBack) {
  const ScratchFolder folder;
  save_safetensors(folder / "w", {.step = 0, .tensors = {{"none", {5, 0}, {}}, {"scalar", {}, {2}}}});
  const ModelState loaded = load_safetensors(folder / "w");
  ASSERT_EQ(loaded.tensors.size(), 2u);
  EXPECT_EQ(loaded.tensors[0].shape, (std::vector<std::int64_t>{5, 0}));
  EXPECT_TRUE(loaded.tensors[1].shape.empty());
  EXPECT_EQ(loaded.tensors[1].values, std::vector<float>{2});
}

TEST(Safetensors, SavingReplacesAFileAndLeavesNoOther) {
  const ScratchFolder folder;
  save_safetensors(folder / "w", {.step = 1, .tensors = {{"long", {100}, std::vector<float>(100, 1.F)}}});
  save_safetensors(folder / "w", {.step = 2, .tensors = {}});
  EXPECT_EQ(load_safetensors(folder / "w").step, 2u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);

  std::filesystem::create_directories(folder / "in_the_way/of");
  EXPECT_THROW(save_safetensors(folder / "in_the_way", {}), OutputError);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(Safetensors, DataOfTwoTensorsAndRepeatedNamesAreDamage) {
  const std::string data(12, '\0');
  EXPECT_THAT(safetensors_error(file_of(R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
                                        R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                                        data)),
              HasSubstr("the data of tensors 'a' and 'b' overlap"));
  EXPECT_THAT(safetensors_error(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                        R"("a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                                        data)),
              HasSubstr("tensor 'a' is there twice"));
}

TEST(Safetensors, DamageIsAnErrorThatSaysWhatAndWhere) {
  EXPECT_THAT(safetensors_error("abc"), HasSubstr("w.safetensors: is no safetensors file"));
  EXPECT_THAT(safetensors_error(std::string(8, '\xff')), HasSubstr("header"));
  EXPECT_THAT(safetensors_error(file_of("[1]")), HasSubstr("no JSON object"));
  EXPECT_THAT(safetensors_error(file_of("{")), HasSubstr("no JSON object"));
  EXPECT_THAT(
      safetensors_error(file_of(R"({"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", std::string(8, 0))),
      HasSubstr("tensor 'w' has dtype \"I64\""));
  EXPECT_THAT(
      safetensors_error(file_of(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", std::string(8, 0))),
      HasSubstr("do not agree"));
  EXPECT_THAT(
      safetensors_error(file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", std::string(8, 0))),
      HasSubstr("not in the file"));
  EXPECT_THAT(
      safetensors_error(file_of(R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})")),
      HasSubstr("do not agree"));
  EXPECT_THAT(
      safetensors_error(file_of(R"({"w":{"dtype":"F32","shape":[0,9223372036854775808],"data_offsets":[0,0]}})")),
      HasSubstr("below 2^63"));
  EXPECT_THAT(
      safetensors_error(file_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", std::string(8, 0))),
      HasSubstr("not in the file"));
  EXPECT_THAT(safetensors_error(file_of(R"({"w":3})")), HasSubstr("needs dtype"));
  EXPECT_THAT(safetensors_error(file_of(R"({"__metadata__":{"step":"x"}})")), HasSubstr("whole number"));
}

TEST(Safetensors, AFileThatCannotBeReadIsAUserErrorAndOneThatCannotBeWrittenAnOutputError) {
  const ScratchFolder folder;
  EXPECT_THROW(load_safetensors(folder / "none"), UserError);
  EXPECT_THROW(load_safetensors(folder.path()), UserError);
  std::ofstream(folder / "empty").close();
  EXPECT_THROW(load_safetensors(folder / "empty"), UserError);
  EXPECT_THROW(save_safetensors(folder / "no/such/folder/w", {}), OutputError);
}

}  // namespace
}  // namespace frugal
