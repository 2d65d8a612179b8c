#include "benchmarks/harness/report/label_place.hpp"

#include <algorithm>

namespace frugal::harness {

std::optional<Box> free_place(PlotPoint mark, double width, double height, const Box& frame,
                              std::span<const Box> taken) {
  constexpr double gap = 8, aside = 4;
  // The upper left corner of the text, from the mark.
  const PlotPoint corners[] = {
      {-width / 2, -gap - height},     {gap, -height / 2}, {-gap - width, -height / 2}, {aside, -gap - height},
      {-aside - width, -gap - height}, {aside, gap},       {-aside - width, gap},       {-width / 2, gap}};
  for (const PlotPoint& corner : corners) {
    const double left = mark.x + corner.x, top = mark.y + corner.y;
    const Box box{left, top, left + width, top + height};
    if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) continue;
    if (std::ranges::none_of(taken, [&](const Box& other) { return box.meets(other); })) return box;
  }
  return std::nullopt;
}

}  // namespace frugal::harness
