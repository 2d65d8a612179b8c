// How series are told apart, the same in every writer: by colour and by shape, so that neither is needed.
#pragma once
#include <cstddef>

namespace frugal::harness {

struct SeriesStyle {
  const char* colour;   ///< after Okabe and Ito, told apart also by readers who do not see red or green
  const char* on_dark;  ///< the same, light enough for a dark page
  const char* dashes;   ///< lengths of strokes and gaps; "" for a solid line
  const char* shape;    ///< of the marker, as Vega calls it
  const char* mpl_marker;
};

inline constexpr SeriesStyle series_styles[] = {{"#0072b2", "#56a9e8", "", "circle", "o"},
                                                {"#d55e00", "#f08c4a", "7 3", "square", "s"},
                                                {"#008a65", "#33c79a", "2 3", "triangle-up", "^"},
                                                {"#b85a94", "#e6a0cb", "8 3 2 3", "diamond", "D"},
                                                {"#9a6d00", "#e3b23c", "12 3", "triangle-down", "v"},
                                                {"#2f86b5", "#8fd0f5", "4 2", "cross", "P"},
                                                {"#555555", "#bdbdbd", "1 2", "triangle-left", "<"},
                                                {"#6f6f00", "#c9c95a", "10 2 2 2 2 2", "triangle-right", ">"}};

inline constexpr std::size_t series_style_count = sizeof series_styles / sizeof series_styles[0];

inline const SeriesStyle& style_of_series(std::size_t series) { return series_styles[series % series_style_count]; }

/// Dashes of the lines behind the points: grey, so told apart by these alone.
inline constexpr const char* curve_dashes[] = {"6 4", "2 3", "10 3 2 3", "14 4"};
inline const char* dashes_of_curve(std::size_t curve) { return curve_dashes[curve % 4]; }

}  // namespace frugal::harness
