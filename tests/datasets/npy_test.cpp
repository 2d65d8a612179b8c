#include "datasets/formats/npy.hpp"

#include <cmath>

#include "datasets/formats/signal_file.hpp"
#include "datasets/synthetic/volume.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An array file by hand, of version 1 or 2.
std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(version), '\0', static_cast<char>(header.size()), '\0'};
  if (version > 1) bytes += {'\0', '\0'};
  return bytes + header + data;
}

std::string header_of(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }\n";
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

class Npy : public WithFolder {
 protected:
  Signal read(const std::string& bytes) const { return read_volume(write("v.npy", bytes)); }
  std::string complaint(const std::string& bytes) const {
    return user_error([&] { read(bytes); });
  }
};

TEST_F(Npy, EveryTypeIsMappedToItsRange) {
  EXPECT_EQ(read(npy(header_of("<f4", "1, 2, 1"), raw<float>({0.1F, -1}))),
            (Signal{{.shape = {1, 2, 1}, .bits = 32}, {0.1F, -1}}));
  EXPECT_EQ(read(npy(header_of("<f8", "2, 1, 1"), raw<double>({0.1, 1}))),
            (Signal{{.shape = {2, 1, 1}, .bits = 64}, {0.1F, 1}}));
  EXPECT_EQ(read(npy(header_of("|u1", "1, 1, 3"), raw<std::uint8_t>({0, 255, 51}))),
            (Signal{{.shape = {1, 1, 3}, .bits = 8}, {-1, 1, -0.6F}}));
  EXPECT_EQ(read(npy(header_of("<u2", "1, 1, 3"), raw<std::uint16_t>({0, 65535, 13107}))),
            (Signal{{.shape = {1, 1, 3}, .bits = 16}, {-1, 1, -0.6F}}));
  EXPECT_EQ(read(npy(header_of("<i2", "1, 1, 3"), raw<std::int16_t>({0, -32768, 16384}))),
            (Signal{{.shape = {1, 1, 3}, .bits = 16}, {0, -1, 0.5F}}));
}

TEST_F(Npy, AVideoHasItsChannelsLast) {
  EXPECT_EQ(read(npy(header_of("|u1", "1, 1, 2, 3"), raw<std::uint8_t>({0, 255, 0, 255, 0, 255}))),
            (Signal{{.shape = {1, 1, 2}, .channels = 3, .bits = 8}, {-1, 1, -1, 1, -1, 1}}));
}

TEST_F(Npy, HeadersMayBeOfVersionTwoInAnyOrderAndSpacing) {
  const std::string header = "{ \"shape\":(1,1,1),'fortran_order' :False , 'descr':'|u1'}   \n";
  EXPECT_THAT(read(npy(header, "\xff", 1)).values, ElementsAre(1));
  EXPECT_THAT(read(npy(header, "\xff", 2)).values, ElementsAre(1));
}

TEST_F(Npy, VolumesAndVideosSurviveARoundTrip) {
  const Signal volume = synthetic_volume(9, 4);
  EXPECT_EQ(read(encode_npy(volume)), volume);
  Signal video{{.shape = {2, 3, 5}, .channels = 3, .bits = 32}, {}};
  for (int i = 0; i < 90; ++i) video.values.push_back(static_cast<float>(i) / 90);
  EXPECT_EQ(read(encode_npy(video)), video);
  EXPECT_EQ(encode_npy(video).find('\n') % 64, 63u) << "NumPy aligns the values";
}

TEST_F(Npy, WritingClips) {
  EXPECT_THAT(read(encode_npy({{.shape = {1, 1, 3}}, {2, -2, std::nanf("")}})).values, ElementsAre(1, -1, -1));
}

TEST_F(Npy, FloatsOutOfRangeAreRefusedWithTheirPlace) {
  EXPECT_THAT(complaint(npy(header_of("<f4", "1, 2, 2"), raw<float>({0, 0, 1.5F, 0}))),
              HasSubstr("at [0, 1, 0, 0] is 1.5"));
  EXPECT_THAT(complaint(npy(header_of("<f4", "1, 1, 1, 2"), raw<float>({0, NAN}))),
              HasSubstr("at [0, 0, 0, 1] is nan"));
}

TEST_F(Npy, ArraysOfOtherFormsAreRefused) {
  EXPECT_THAT(complaint(npy(header_of(">f4", "1, 1, 1"), "abcd")), HasSubstr("'>f4'; known: '<f4'"));
  EXPECT_THAT(complaint(npy(header_of("<f4", "1, 1"), "abcd")), HasSubstr("(1, 1); known: (depth, height, width)"));
  EXPECT_THAT(complaint(npy(header_of("|u1", "1, 0, 1"), "")), HasSubstr("empty"));
  EXPECT_THAT(complaint(npy(header_of("|u1", "1, -1, 1"), "")), HasSubstr("empty"));
  EXPECT_THAT(complaint(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1, 2)}", "ab")),
              HasSubstr("Fortran order"));
  EXPECT_THAT(complaint(npy(header_of("|u1", "1, 1, 1"), "a", 9)), HasSubstr("version 9"));
}

TEST_F(Npy, TooManySamplesAreRefusedByTheHeader) {
  const auto path = write("v.npy", npy(header_of("|u1", "65537, 4096, 1"), ""));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + 65537UL * 4096);  // a hole, which takes no room
  for (const std::string& refusal : {user_error([&] { volume_shape(path); }), user_error([&] { read_volume(path); })})
    EXPECT_THAT(refusal,
                HasSubstr("v.npy: this holds 65537 x 4096 x 1 = 268439552 samples, and at most 268435456 are"));
}

TEST_F(Npy, DamagedFilesAreRefused) {
  const std::string whole = npy(header_of("|u1", "1, 1, 3"), "abc");
  EXPECT_THAT(complaint("NUMPY"), HasSubstr("not a NumPy"));
  EXPECT_THAT(complaint(whole.substr(0, 9)), HasSubstr("cut off"));
  EXPECT_THAT(complaint(whole.substr(0, 40)), HasSubstr("cut off"));
  EXPECT_THAT(complaint(whole.substr(0, whole.size() - 1)), HasSubstr("cut off: 2 bytes of values, should be 3"));
  EXPECT_THAT(complaint(whole + "d"), HasSubstr("followed by something else"));
  EXPECT_THAT(complaint(npy(header_of("<f8", "2147483647, 2147483647, 2147483647"), "abc")), HasSubstr("cut off"));
  for (const char* const header :
       {"", "{", "{}", "{'descr': '|u1', 'fortran_order': False}", "{'descr': '|u1', 'descr': '|u1'}",
        "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1, 1, 1)}", "{'shape': (99999999999, 1, 1)}",
        "{'shape': (1 1)}", "{'fortran_order': Maybe}", "{'descr': '|u1}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1)} x"}) {
    EXPECT_THAT(complaint(npy(header, "abc")), HasSubstr("cannot read the header")) << header;
  }
}

}  // namespace
}  // namespace frugal::data
