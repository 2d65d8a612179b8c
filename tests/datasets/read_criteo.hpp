// Files in Criteo's form, read as the manifest says.
#pragma once
#include <cstdint>
#include <filesystem>

#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/click_table.hpp"

namespace frugal::data {

inline Clicks read_criteo(const std::filesystem::path& path, std::uint32_t rows_per_table, std::uint64_t examples) {
  return read_click_log(path, click_form(find_manifest("criteo-kaggle", {})->table),
                        {.rows_per_table = rows_per_table, .examples = examples})
      .examples;
}

}  // namespace frugal::data
