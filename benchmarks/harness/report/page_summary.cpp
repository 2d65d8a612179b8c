#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/page.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// "1, 2, 5": each text once, in order of appearance, the first dozen.
template <class TextOf>
std::string different(const Run& run, const TextOf& text_of) {
  constexpr std::size_t most = 12;
  std::vector<std::string> texts;
  for (const CellRecord& cell : run.cells)
    if (std::string text = text_of(cell); !text.empty() && std::ranges::find(texts, text) == texts.end())
      texts.push_back(std::move(text));
  const std::size_t others = texts.size() > most ? texts.size() - most : 0;
  texts.resize(texts.size() - others);
  if (others > 0) texts.push_back(fmt::format("and {} more", others));
  return fmt::format("{}", fmt::join(texts, ", "));
}

struct Remark {
  bool good;
  std::string text;
};

Remark remark_on_cells(const Run& run) {
  std::map<std::string, std::size_t> counts;
  for (const CellRecord& cell : run.cells) ++counts[to_string(cell.status)];
  const std::size_t done = counts["ok"], all = run.cells.size();
  if (all == 0) return {false, "no cell has a record"};
  if (done == all && run.to_do == 0) return {true, fmt::format("all {} done", all)};
  std::string text = fmt::format("{} of {} done", done, all + run.to_do);
  if (run.to_do > 0) text += fmt::format(", {} to do", run.to_do);
  for (const auto& [status, count] : counts)
    if (status != "ok" && count > 0) text += fmt::format(", {} {}", count, status);
  return {false, text};
}

Remark remark_on_times(const Run& run) {
  std::size_t disowned = 0, disturbed = 0, not_noted = 0, not_told = 0, done = 0;
  for (const CellRecord& cell : run.cells) {
    if (cell.status != Status::ok) continue;
    ++done;
    const std::optional<bool> quiet = cell.quiet();
    if (cell.disowned)
      ++disowned;
    else if (quiet.has_value())
      disturbed += *quiet ? 0 : 1;
    else
      ++(cell.conditions.empty() ? not_noted : not_told);
  }
  const auto of_all = [&](std::size_t some) {
    return some == done ? "all cells" : fmt::format("{} of {} cells", some, done);
  };
  if (done == 0) return {false, "none"};
  if (disowned > 0)
    return {false, fmt::format("those of {} are left out: {}", of_all(disowned), run.provenance.disturbed->why)};
  if (disturbed > 0)
    return {false, fmt::format("disturbed in {}, by more than {:g} cores of other work; marked ~", of_all(disturbed),
                               quiet_cores)};
  if (not_noted > 0)
    return {true, fmt::format("not known of {} whether anything else ran: an older program did not note it",
                              of_all(not_noted))};
  if (not_told > 0)
    return {true, fmt::format("not known of {} whether anything else ran: their repeats are too short for the kernel's "
                              "counters, or this machine has none",
                              of_all(not_told))};
  return {true, "undisturbed"};
}

/// "125.9 GiB, Ubuntu 24.04.3 LTS, NVIDIA H100": what machine_text() leaves out.
std::string machine_details(const Json& machine) {
  std::vector<std::string> parts;
  if (const Json* memory = cell_value(machine, "memory_gib"); memory && memory->is_number())
    parts.push_back(fmt::format("{:g} GiB of memory", memory->get<double>()));
  if (const Json* os = cell_value(machine, "os"); os && os->is_string()) parts.push_back(os->get<std::string>());
  if (const Json* kernel = cell_value(machine, "kernel"); kernel && kernel->is_string())
    parts.push_back("kernel " + kernel->get<std::string>());
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string build_details(const Provenance& provenance) {
  std::vector<std::string> parts;
  for (const char* key : {"version", "compiler", "flags"})
    if (const Json* value = cell_value(provenance.build, key);
        value && value->is_string() && !value->get<std::string>().empty())
      parts.push_back(value->get<std::string>());
  return fmt::format("commit {}; {}", build_text(provenance), fmt::join(parts, ", "));
}

class Facts {
 public:
  void add(const char* name, const std::string& text, const char* css_class = "") {
    if (text.empty()) return;
    text_ += fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>\n", css_class, name, text);
  }
  std::string list() const { return "<dl class=\"facts\">\n" + text_ + "</dl>\n"; }

 private:
  std::string text_;
};

std::string run_facts(const Run& run) {
  const Provenance& provenance = run.provenance;
  Facts facts;
  const auto remark = [&](const char* name, const Remark& what) {
    facts.add(name, fmt::format("{}{}", what.good ? "" : "<b class=\"warn\">Note:</b> ", markup_escaped(what.text)));
  };
  remark("Cells", remark_on_cells(run));
  remark("Times", remark_on_times(run));
  facts.add("What",
            markup_escaped(fmt::format(
                "{} on {}; back end {}; seeds {}", different(run, [](const CellRecord& c) { return c.cell.workload; }),
                different(run, [](const CellRecord& c) { return c.cell.dataset.value("name", ""); }),
                different(run, [](const CellRecord& c) { return c.cell.backend; }),
                different(run, [](const CellRecord& c) { return std::to_string(c.cell.seed); }))));
  const std::string details = machine_details(provenance.machine);
  facts.add("Machine", markup_escaped(machine_text(provenance) + (details.empty() ? "" : "; " + details)));
  facts.add("Build", markup_escaped(build_details(provenance)));
  facts.add("Started", markup_escaped(provenance.started));
  if (!provenance.command.empty())
    facts.add("Command", "<code>" + markup_escaped(fmt::format("{}", fmt::join(provenance.command, " "))) + "</code>");
  return facts.list();
}

}  // namespace

std::string page_summary(std::span<const Run> runs) {
  std::string text;
  for (const Run& run : runs)
    text +=
        fmt::format("<section class=\"run\">\n{}{}</section>\n",
                    runs.size() == 1 ? "" : "<h2>" + markup_escaped(run.provenance.name) + "</h2>\n", run_facts(run));
  return text;
}

}  // namespace frugal::harness
