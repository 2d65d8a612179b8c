// Which way up a camera was held: the one thing that EXIF, the metadata in photographs, says about the pixels.
#pragma once
#include <string_view>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

inline constexpr int upright = 1;

/// The orientation (tag 0x0112 of the first directory; EXIF 2.3, section 4.6.4), 1 to 8, of the bytes of a JPEG's APP1
/// segment. `upright` where it has none, or is damaged: EXIF is advice.
int exif_orientation(std::string_view segment);

/// Are rows and columns exchanged?
bool lies_on_its_side(int orientation);

/// The picture as it was seen, of one whose pixels are stored in that orientation.
Signal turned_upright(Signal picture, int orientation);

}  // namespace frugal::data
