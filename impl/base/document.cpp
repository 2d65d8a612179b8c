#include "impl/base/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/base/text.hpp"

namespace frugal {
namespace {

constexpr std::size_t max_documents = 1000;
constexpr std::size_t max_depth = 64;  // the reader, to_json and the destructor of Node recurse

bool all_of_set(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

constexpr std::string_view decimal_digits = "0123456789";

/// [-+]? ( "." [0-9]+ | [0-9]+ ( "." [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?   (YAML 1.2.2, section 10.3.2)
bool looks_real(std::string_view text) {
  const auto skip_sign = [](std::string_view& rest) {
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  };
  const auto skip_digits = [](std::string_view& rest) {
    const std::size_t n = std::min(rest.find_first_not_of(decimal_digits), rest.size());
    rest.remove_prefix(n);
    return n;
  };
  skip_sign(text);
  std::size_t digits = skip_digits(text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    digits += skip_digits(text);
  }
  if (digits == 0) return false;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    skip_sign(text);
    if (skip_digits(text) == 0) return false;
  }
  return text.empty();
}

bool is_infinity_or_nan(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  for (const std::string_view word : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}) {
    if (text == word) return true;
  }
  return false;
}

void set_integer(Node& node, std::string_view digits, int base) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), node.integer, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw UserError(node.place, "the integer " + shortened(node.text) + " does not fit into 64 bits");
  }
  node.kind = Node::Kind::integer;
  node.real = static_cast<double>(node.integer);
}

/// Kind and value of a plain (unquoted) scalar by the YAML 1.2 core schema.
void resolve_plain(Node& node) {
  const std::string_view text = node.text;
  if (text == "true" || text == "false") {
    node.kind = Node::Kind::boolean;
    node.boolean = text == "true";
    return;
  }
  if (text.starts_with("0x") && all_of_set(text.substr(2), "0123456789abcdefABCDEF")) {
    return set_integer(node, text.substr(2), 16);
  }
  if (text.starts_with("0o") && all_of_set(text.substr(2), "01234567")) return set_integer(node, text.substr(2), 8);
  const std::string_view unsigned_text = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  const std::string_view from_chars_text = text.starts_with('+') ? unsigned_text : text;
  if (all_of_set(unsigned_text, decimal_digits)) return set_integer(node, from_chars_text, 10);
  if (is_infinity_or_nan(text)) throw UserError(node.place, "numbers must be finite, but this is " + node.text);
  if (looks_real(text)) {
    const auto [end, error] =
        std::from_chars(from_chars_text.data(), from_chars_text.data() + from_chars_text.size(), node.real);
    // Out of range is also reported for what rounds to zero (1e-999): both are slips.
    if (error != std::errc{} || !std::isfinite(node.real)) {
      throw UserError(node.place, "the number " + shortened(node.text) + " is out of the range of a double");
    }
    node.kind = Node::Kind::real;
    return;
  }
  node.kind = Node::Kind::string;
}

/// Builds Nodes from the parser's events, which (unlike YAML::Node) show anchors, tags and duplicate keys.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Node> documents() && { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    start_ = place(mark);
    if (!documents_.empty() && !begins_with_dashes(mark)) {
      throw UserError(start_, "the document has ended here; a further one begins with a line \"---\"");
    }
    if (documents_.size() == max_documents) {
      throw UserError(start_, "more than " + std::to_string(max_documents) + " documents in one file");
    }
    root_.reset();
  }

  void OnDocumentEnd() override {
    if (!root_ || root_->kind == Node::Kind::null) throw UserError(start_, "this document is empty");
    documents_.push_back(std::move(*root_));
    root_.reset();
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place_of_null(mark);
    refuse_anchor(node.place, anchor);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw UserError(place(mark), "aliases (*name) are not allowed: write the value out");
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(place(mark), 1); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.place = place(mark);
    node.text = value;
    refuse_anchor(node.place, anchor);
    if (tag == "!") {  // quoted or a block scalar
      node.kind = Node::Kind::string;
    } else {
      refuse_tag(node.place, tag);
      resolve_plain(node);
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  Place place(const YAML::Mark& mark) const {
    return mark.is_null() ? Place{file_} : Place{file_, mark.line + 1, mark.column + 1};
  }

 private:
  /// A list or map that is being read.
  struct Open {
    Node node;
    std::optional<Node> key;                       ///< of a map, when its value is still to come
    std::unordered_map<std::string, int> lines{};  ///< of a map: key -> line
  };

  static void refuse_anchor(const Place& where, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw UserError(where, "anchors (&name) are not allowed: write the value out");
  }

  static void refuse_tag(const Place& where, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw UserError(where,
                      "tags are not allowed, but this value has " + shortened(tag) + ": quote it or drop the tag");
    }
  }

  /// Moves the cursor to a line. They are asked for in order, so that they are counted only once.
  void seek(int line) {
    for (; line_ < line && line_start_ < text_.size(); ++line_) {
      line_start_ = std::min(text_.find('\n', line_start_), text_.size() - 1) + 1;
    }
  }

  /// Whether the line of `mark` is a document's first.
  bool begins_with_dashes(const YAML::Mark& mark) {
    seek(mark.line);
    return mark.column == 0 && text_.substr(line_start_, 3) == "---";
  }

  /// The parser gives a value that was left out the place of what comes next, maybe lines further down. It is told at
  /// its key; in a list, at the last line above that is no comment: the one with its dash.
  Place place_of_null(const YAML::Mark& mark) {
    if (mark.is_null() || open_.empty()) return place(mark);
    if (open_.back().key) {
      const Place& key = open_.back().key->place;
      return key.line == mark.line + 1 ? place(mark) : key;
    }
    seek(mark.line);
    const auto first_of = [&](std::size_t start) { return text_.find_first_not_of(" \t\r", start); };
    if (first_of(line_start_) < line_start_ + static_cast<std::size_t>(mark.column)) return place(mark);
    int line = mark.line;
    for (std::size_t start = line_start_; start > 0; --line) {
      start = start < 2 ? 0 : text_.rfind('\n', start - 2) + 1;  // npos + 1 is 0
      const std::size_t first = first_of(start);
      if (text_[first] != '\n' && text_[first] != '#') return {file_, line, static_cast<int>(first - start) + 1};
    }
    return place(mark);
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Node node;
    node.kind = kind;
    node.place = place(mark);
    refuse_anchor(node.place, anchor);
    refuse_tag(node.place, tag);
    if (open_.size() == max_depth) {
      throw UserError(node.place, "nested deeper than " + std::to_string(max_depth) + " levels");
    }
    open_.push_back({std::move(node), std::nullopt});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      check_key(node);
      if (const auto [twin, fresh] = parent.lines.try_emplace(node.text, node.place.line); !fresh) {
        throw UserError(node.place, "duplicate key '" + shortened(node.text) + "'; it was first given at line " +
                                        std::to_string(twin->second));
      }
      parent.key = std::move(node);
    } else {
      parent.node.entries.push_back({parent.key->text, parent.key->place, std::move(node)});
      parent.key.reset();
    }
  }

  static void check_key(const Node& key) {
    if (key.kind != Node::Kind::string) {
      const bool scalar = !key.text.empty();
      throw UserError(
          key.place, "a key must be a string" +
                         (scalar ? ": write \"" + key.text + "\" (or is a bracket, ] or }, missing?)" : std::string()));
    }
    if (key.text == "<<") throw UserError(key.place, "merge keys (<<) are not allowed: write the keys out");
  }

  std::string_view text_;
  const std::string& file_;
  int line_ = 0;                ///< of the cursor, from 0
  std::size_t line_start_ = 0;  ///< where it begins in text_
  Place start_;
  std::vector<Open> open_;
  std::optional<Node> root_;
  std::vector<Node> documents_;
};

/// What was found instead of what was expected.
std::string described(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::boolean:
      return "the boolean " + node.text;
    case Node::Kind::integer:
      return "the integer " + shortened(node.text);
    case Node::Kind::real:
      return "the real number " + shortened(node.text);
    case Node::Kind::string:
      return "the string \"" + shortened(node.text) + "\"";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "something else";
}

void expect(const Node& node, bool right, std::string_view what) {
  if (!right) throw UserError(node.place, "expected " + std::string(what) + ", but this is " + described(node));
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto entry = std::ranges::find(entries, key, &Entry::key);
  return entry == entries.end() ? nullptr : &entry->value;
}

bool Node::as_boolean() const {
  expect(*this, kind == Kind::boolean, "true or false");
  return boolean;
}

std::int64_t Node::as_integer() const {
  expect(*this, kind == Kind::integer, "an integer");
  return integer;
}

double Node::as_real() const {
  expect(*this, kind == Kind::real || kind == Kind::integer, "a number");
  return real;
}

const std::string& Node::as_string() const {
  expect(*this, kind == Kind::string, "a string");
  return text;
}

const std::vector<Node>& Node::as_list() const {
  expect(*this, kind == Kind::list, "a list");
  return items;
}

const std::vector<Node::Entry>& Node::as_map() const {
  expect(*this, kind == Kind::map, "a map");
  return entries;
}

std::vector<Node> parse_yaml(std::string_view text, const std::string& file) {
  require_text_size(text.size(), file);
  require_plain_text(text, file);
  std::istringstream stream{std::string(text)};
  Builder builder(text, file);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    throw UserError(builder.place(error.mark), "not valid YAML: " + error.msg);
  }
  std::vector<Node> documents = std::move(builder).documents();
  if (documents.empty()) throw UserError({file}, "this file holds no YAML document");
  return documents;
}

std::vector<Node> load_yaml(const std::filesystem::path& path) {
  return parse_yaml(read_text_file(path), path.string());
}

Json to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return nullptr;
    case Node::Kind::boolean:
      return node.boolean;
    case Node::Kind::integer:
      return node.integer;
    case Node::Kind::real:
      return node.real;
    case Node::Kind::string:
      return node.text;
    case Node::Kind::list: {
      Json list = Json::array();
      for (const Node& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case Node::Kind::map:
      break;
  }
  Json map = Json::object();
  for (const Node::Entry& entry : node.entries) map[entry.key] = to_json(entry.value);
  return map;
}

Node to_node(const Json& json, const Place& place) {
  Node node;
  node.place = place;
  if (json.is_string()) {
    node.kind = Node::Kind::string;
    node.text = json.get<std::string>();
  } else if (json.is_array()) {
    node.kind = Node::Kind::list;
    for (const Json& item : json) node.items.push_back(to_node(item, place));
  } else if (json.is_object()) {
    node.kind = Node::Kind::map;
    for (const auto& [key, value] : json.items()) node.entries.push_back({key, place, to_node(value, place)});
  } else if (!json.is_null()) {  // a boolean or a number reads as it does in a document
    node.text = json.dump();
    resolve_plain(node);
  }
  return node;
}

void require_keys(const Node& map, std::span<const std::string> known, std::string_view what) {
  for (const Node::Entry& entry : map.as_map()) {
    if (std::ranges::find(known, entry.key) == known.end()) {
      throw UserError(entry.key_place, unknown_word(what, entry.key, known));
    }
  }
}

void require_keys(const Node& map, std::initializer_list<std::string_view> known, std::string_view what) {
  require_keys(map, std::vector<std::string>(known.begin(), known.end()), what);
}

}  // namespace frugal
