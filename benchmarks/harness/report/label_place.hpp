// Where the label of a point may stand without covering anything.
#pragma once
#include <optional>
#include <span>

#include "benchmarks/harness/report/figure.hpp"

namespace frugal::harness {

/// In pixels from the upper left corner.
struct Box {
  double left, top, right, bottom;

  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

/// The first free place beside a mark for a text of this size: above it, right, left, then across the corners and below.
/// Within `frame`, clear of what is taken; nothing where there is none.
std::optional<Box> free_place(PlotPoint mark, double width, double height, const Box& frame,
                              std::span<const Box> taken);

}  // namespace frugal::harness
