// A data folder with a small set in the format of MovieLens 100K, attributes included.
#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/load/datasets.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::workloads {

/// 150 users, 250 items, 4000 planted ratings, of which every third is a low one.
class RatingsFolder {
 public:
  RatingsFolder() {
    const std::filesystem::path folder = scratch_.path() / "ml-100k";
    std::filesystem::create_directories(folder);
    data::write_synthetic(
        data::complete_dataset(
            {{"name", "synthetic-interactions"}, {"users", 150}, {"items", 250}, {"interactions", 4000}}),
        folder / "u.data", 0, 3);
    std::ifstream plain(folder / "u.data");
    std::string user, item, rating, time, text;
    for (int line = 0; plain >> user >> item >> rating >> time; ++line)
      text += fmt::format("{}\t{}\t{}\t{}\n", user, item, line % 3 == 0 ? 2 : 4, time);
    plain.close();
    std::ofstream(folder / "u.data") << text;
    std::ofstream users(folder / "u.user");
    for (int u = 1; u <= 150; ++u) users << fmt::format("{}|{}|{}|student|0\n", u, 10 + u % 60, u % 2 ? "M" : "F");
    std::ofstream items(folder / "u.item");
    for (int i = 1; i <= 250; ++i)
      items << fmt::format("{}|T|01-Jan-1995||u|0|{}|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n", i, i % 2);
  }
  std::filesystem::path path() const { return scratch_.path(); }

 private:
  ScratchFolder scratch_;
};

}  // namespace frugal::workloads
