// Text that a user wrote: what may stand in it, how it is quoted in a message.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace frugal {

/// No plan, table spec or manifest needs more; a larger file is not one.
inline constexpr std::size_t max_text_bytes = std::size_t{16} << 20;

/// Throws UserError when the text is larger than max_text_bytes.
void require_text_size(std::size_t bytes, const std::string& file);

/// Throws UserError at file:line:column of the first byte that is not well-formed UTF-8 or is a control character
/// other than tab and line break (YAML 1.2.2, section 5.1); a carriage return must end a line with its line feed. So
/// every string that comes out can be written as JSON.
void require_plain_text(std::string_view text, const std::string& file);

/// Text for XML and HTML, between tags and in attributes: the five characters that mean something there as entities, a
/// line break as one too, other control characters (XML 1.0 cannot write most of them) as blanks.
std::string markup_escaped(std::string_view text);

/// Bytes of the well-formed UTF-8 character that `text` begins with (Unicode 15, table 3-7); 0 where it begins with none.
std::size_t utf8_length(std::string_view text);

/// `text` in single quotes for a message or a terminal: at most 40 bytes; what cannot be seen (control characters, bytes
/// that are no UTF-8) as `\xNN`.
std::string shown(std::string_view text);

/// Control characters as blanks: a name or a message of somebody else's may hold what a terminal acts on, or a line break.
std::string without_controls(std::string text);

/// Its first line, without control characters: what a table or a list says of an error.
std::string first_line(std::string_view text);

/// At most 60 bytes of `text`, cut between characters, with "..." when something was left out.
std::string shortened(std::string_view text);

}  // namespace frugal
