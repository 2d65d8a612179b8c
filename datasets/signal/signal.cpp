#include "datasets/signal/signal.hpp"

namespace frugal::data {
namespace {

void expand_grey(Signal& picture) {
  std::vector<float> rgb;
  rgb.reserve(3 * picture.values.size());
  for (const float value : picture.values) rgb.insert(rgb.end(), 3, value);
  picture.values = std::move(rgb);
  picture.channels = 3;
}

void reduce_to_luma(Signal& picture) {
  std::vector<float> grey;
  grey.reserve(picture.values.size() / 3);
  for (std::size_t i = 0; i < picture.values.size(); i += 3) {
    const double luma = 0.299 * picture.values[i] + 0.587 * picture.values[i + 1] + 0.114 * picture.values[i + 2];
    grey.push_back(static_cast<float>(luma));
  }
  picture.values = std::move(grey);
  picture.channels = 1;
}

}  // namespace

std::size_t SignalShape::samples() const {
  std::size_t product = 1;
  for (const int extent : shape) product *= static_cast<std::size_t>(extent);
  return product;
}

Signal recoloured(Signal picture, Colour colour) {
  if (colour == Colour::rgb && picture.channels == 1) expand_grey(picture);
  if (colour == Colour::grey && picture.channels == 3) reduce_to_luma(picture);
  return picture;
}

}  // namespace frugal::data
