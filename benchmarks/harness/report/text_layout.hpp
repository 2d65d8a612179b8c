// Lines of text in columns of a given width.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::harness {

/// Columns of a terminal that the text takes: characters, not bytes, of UTF-8; those of East Asia are two columns wide.
std::size_t display_width(std::string_view text);

/// Of the longest part that is not broken.
std::size_t longest_word(std::string_view text);

/// Broken into lines of at most `width` characters: at blanks, but not within a short aside such as "(99 neg.)"; words
/// that are longer than that after a full stop, underscore or slash. What is longer all the same has a line of its own.
/// At least one line.
std::vector<std::string> wrapped_lines(std::string_view text, std::size_t width);

/// The least width, at least `width`, in which the text needs no more than `lines` lines.
std::size_t width_in_lines(std::string_view text, std::size_t width, std::size_t lines);

/// Filled up with blanks to `width`, before the text where `right`.
std::string padded(const std::string& text, std::size_t width, bool right);

}  // namespace frugal::harness
