// The manual page frugal(1), made from the table of verbs.
#pragma once
#include <string>

namespace frugal::harness {

/// In the macros of man(7).
std::string manual_page();

}  // namespace frugal::harness
