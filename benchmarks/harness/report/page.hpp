// One HTML file that needs nothing else: what ran, on which machine, whether to trust it; tables that sort, figures,
// pictures.
#pragma once
#include <filesystem>
#include <set>
#include <span>
#include <string>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Where there are runs, the page begins with what they are. `folder` is where the page is to lie: links to pictures
/// that are too large to be part of it begin there.
std::string to_page(std::span<const Table> tables, std::span<const Run> runs, const std::filesystem::path& folder);

/// Of each run: cells done and failed, whether times were disturbed, machine, build, command; as sections.
std::string page_summary(std::span<const Run> runs);

/// Original, reconstruction and error map beside each other for each row whose cells left them, within a budget of bytes
/// for the whole page.
class PagePictures {
 public:
  explicit PagePictures(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Empty when the table's rows have none, or another table showed them.
  std::string of(const Table& table);

 private:
  std::string picture(const std::filesystem::path& file, const std::string& what, const std::string& row);

  std::filesystem::path folder_;
  std::set<std::string> shown_;
  std::size_t embedded_ = 0;  ///< bytes
};

}  // namespace frugal::harness
