#include "datasets/image.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/catalog.hpp"
#include "datasets/readers/signal_files.hpp"
#include "datasets/signal.hpp"
#include "datasets/whole_file.hpp"
#include "impl/common/error.hpp"

namespace frugal::data {
namespace {

Image image_of(Signal&& picture) {
  return {.height = picture.shape.at(0),
          .width = picture.shape.at(1),
          .channels = picture.channels,
          .values = std::move(picture.values)};
}

Signal signal_of(const Image& image) {
  return {{.shape = {image.height, image.width}, .channels = image.channels}, image.values};
}

}  // namespace

Image read_png(const std::filesystem::path& path) {
  Signal picture = read_picture(path);
  if (picture.channels == 3) return image_of(std::move(picture));
  std::vector<float> rgb;
  for (const float value : picture.values) rgb.insert(rgb.end(), 3, value);
  picture.channels = 3;
  picture.values = std::move(rgb);
  return image_of(std::move(picture));
}

void write_png(const std::filesystem::path& path, const Image& image) {
  write_whole_file(path, encode_png(signal_of(image)));
}

Image resize(const Image& image, int size) { return image_of(squash(signal_of(image), size)); }

Image load_image(const Json& dataset, const std::string& image, int size,
                 const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed) {
  return image_of(load_signal(dataset, {.file = image, .size = size}, data_dirs, seed));
}

}  // namespace frugal::data
