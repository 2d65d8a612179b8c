// "{params.inr.grid}x{params.inr.grid}": text with dotted paths in braces.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::harness {

/// The paths in the braces, in order; nothing when a brace has no partner or holds nothing.
std::optional<std::vector<std::string>> template_paths(std::string_view text);

/// `text`, with each {path} replaced by value(path). The template must be well formed.
std::string fill_template(std::string_view text, const std::function<std::string(const std::string&)>& value);

}  // namespace frugal::harness
