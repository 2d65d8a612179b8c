// A figure as SVG.
#pragma once
#include <string>

#include "benchmarks/harness/report/figure.hpp"
#include "benchmarks/harness/report/svg_canvas.hpp"

namespace frugal::harness {

/// An <svg> element with a viewBox. Its title is its label for those who cannot see it, and nothing that is drawn; n,
/// machine and commit stand below it, but not in a page, which says them in words that wrap.
std::string to_svg(const Figure& figure, const SvgLook& look = {});

}  // namespace frugal::harness
