#include "benchmarks/harness/cli/manual.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/help.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/provenance.hpp"

namespace frugal::harness {
namespace {

/// Text that no macro and no typesetter takes for its own: a dash stays the one that people paste.
std::string roff_escaped(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (begins_line && (text[i] == '.' || text[i] == '\'')) escaped += "\\&";
    if (text[i] == '-') {
      escaped += "\\-";
    } else if (text[i] == '\\') {
      escaped += "\\e";
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

std::string roff_paragraphs(const std::string& text) {
  std::string paragraphs;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", from), text.size());
    paragraphs += ".PP\n" + roff_escaped(text.substr(from, end - from)) + "\n";
    from = std::min(end + 2, text.size());
  }
  return paragraphs;
}

std::string tagged_paragraph(const std::string& tag, const std::string& text) {
  return fmt::format(".TP\n.B {}\n{}\n", roff_escaped(tag), roff_escaped(text));
}

std::string verb_section(const Verb& verb) {
  std::string text = fmt::format(".SS frugal {}\n{}", roff_escaped(usage_text(verb)), roff_paragraphs(verb.help));
  for (const OptionSpec& option : verb.options) {
    const auto& [words, help] = option_words(option);
    text += tagged_paragraph(words, help);
  }
  for (const std::string& example : verb.examples) text += fmt::format(".PP\n.EX\n{}\n.EE\n", roff_escaped(example));
  for (const Verb& action : verb.actions) text += verb_section(action);
  return text;
}

}  // namespace

std::string manual_page() {
  std::string text = fmt::format(
      ".\\\" Made by the program itself, from its table of verbs.\n.TH FRUGAL 1 \"\" \"frugal {}\" \"User Commands\"\n"
      ".SH NAME\nfrugal \\- {}\n.SH SYNOPSIS\n.B frugal\n.I VERB\n[\\fIARGUMENTS\\fR]\n.br\n.B frugal\n.I VERB\n"
      ".B \\-\\-help\n.br\n.B frugal \\-\\-version\n.SH VERBS\n",
      build_facts().at("version").get<std::string>(), roff_escaped(program_question));
  for (const Verb& verb : verbs()) {
    if (!verb.hidden()) text += verb_section(verb);
  }
  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_code_words()) text += tagged_paragraph(std::to_string(code), meaning);
  text += ".SH ENVIRONMENT\n";
  for (const auto& [variable, meaning] : environment_words()) text += tagged_paragraph(variable, meaning);
  return text;
}

}  // namespace frugal::harness
