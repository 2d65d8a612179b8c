#include "datasets/formats/criteo.hpp"

#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

constexpr int criteo_dense = 13;
constexpr int criteo_tables = 26;

}  // namespace

CriteoWriter::CriteoWriter(const std::filesystem::path& path, int dense_features, int tables) : file_(path) {
  if (dense_features > criteo_dense || tables > criteo_tables) {
    throw UserError(
        fmt::format("this file format holds at most {} dense features and {} tables", criteo_dense, criteo_tables));
  }
}

void CriteoWriter::add(bool clicked, std::span<const std::int64_t> counts, std::span<const std::uint32_t> ids) {
  file_.print(FMT_COMPILE("{}"), clicked ? 1 : 0);
  for (std::size_t d = 0; d < criteo_dense; ++d) {
    file_.print(FMT_COMPILE("\t"));
    if (d < counts.size()) file_.print(FMT_COMPILE("{}"), counts[d]);
  }
  for (std::size_t t = 0; t < criteo_tables; ++t) {
    file_.print(FMT_COMPILE("\t"));
    if (t < ids.size() && ids[t] > 0) file_.print(FMT_COMPILE("{:08x}"), ids[t] - 1);
  }
  file_.print(FMT_COMPILE("\n"));
}

}  // namespace frugal::data
