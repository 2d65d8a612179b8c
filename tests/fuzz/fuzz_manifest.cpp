// Whatever the bytes: a manifest is read or called bad with UserError; and what is read names files below the data
// folder only.
#include <filesystem>

#include "datasets/catalog/manifest.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using frugal::fuzz::require;
  try {
    const frugal::data::Manifest manifest =
        frugal::data::parse_manifest("sample", frugal::fuzz::bytes_of(data, size), "sample.yaml");
    require(manifest.name == "sample" && !manifest.files.empty());
    for (const frugal::data::ManifestFile& file : manifest.files) {
      const std::filesystem::path path = std::filesystem::path(file.path).lexically_normal();
      require(path.is_relative() && *path.begin() != "..");
    }
  } catch (const frugal::UserError&) {
    // A bad manifest, called bad: as it should be.
  }
  return 0;
}
