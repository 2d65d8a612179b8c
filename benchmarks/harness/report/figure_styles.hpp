// How series are told apart, the same in every writer: by colour and by shape, so that neither is needed.
#pragma once
#include <cstddef>

namespace frugal::harness {

struct SeriesStyle {
  const char* colour;       ///< after Okabe and Ito, told apart also by readers who do not see red or green
  const char* on_dark;      ///< the same, light enough for a dark page
  const char* svg_dashes;   ///< "" for a solid line
  const char* vega_shape;
  const char* mpl_marker;
  bool filled;
};

inline constexpr SeriesStyle series_styles[] = {
    {"#0072b2", "#56a9e8", "", "circle", "o", true},
    {"#d55e00", "#f08c4a", "7 3", "square", "s", true},
    {"#008a65", "#33c79a", "2 3", "triangle-up", "^", true},
    {"#b85a94", "#e6a0cb", "8 3 2 3", "diamond", "D", true},
    {"#9a6d00", "#e3b23c", "12 3", "triangle-down", "v", true},
    {"#2f86b5", "#8fd0f5", "4 2", "circle", "o", false},
    {"#555555", "#bdbdbd", "1 2", "square", "s", false},
    {"#6f6f00", "#c9c95a", "10 2 2 2 2 2", "diamond", "D", false}};

inline constexpr std::size_t series_style_count = sizeof series_styles / sizeof series_styles[0];

inline const SeriesStyle& style_of_series(std::size_t series) { return series_styles[series % series_style_count]; }

/// Dashes of the lines behind the points: grey, so told apart by these alone.
inline constexpr const char* curve_dashes[] = {"6 4", "2 3", "10 3 2 3", "14 4"};
inline const char* dashes_of_curve(std::size_t curve) { return curve_dashes[curve % 4]; }

}  // namespace frugal::harness
