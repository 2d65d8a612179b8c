#include "benchmarks/harness/judge/limits_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace frugal::harness {
namespace {

using NamedRates = std::vector<std::pair<std::string, double>>;

/// Of each back end the highest rate of each name, in order of first appearance; `rates_of` one record.
template <class RatesOf>
std::map<std::string, NamedRates> best_rates_of(const Run& run, const RatesOf& rates_of) {
  std::map<std::string, NamedRates> best;
  for (const CellRecord& record : run.cells) {
    if (record.status != Status::ok) continue;
    for (const auto& [name, rate] : rates_of(record.limits)) {
      if (!(rate > 0)) continue;
      NamedRates& known = best[record.cell.backend];
      const auto found = std::ranges::find(known, name, &NamedRates::value_type::first);
      if (found == known.end())
        known.emplace_back(name, rate);
      else
        found->second = std::max(found->second, rate);
    }
  }
  return best;
}

/// In units of 1e9.
std::string text_of(const std::map<std::string, NamedRates>& best, const std::string& unit) {
  std::string text;
  for (const auto& [backend, rates] : best) {
    if (best.size() > 1) text += fmt::format("{}{}: ", text.empty() ? "" : "; ", backend);
    for (std::size_t i = 0; i < rates.size(); ++i)
      text += fmt::format("{}{}{:.3g}", i == 0 ? "" : ", ", rates[i].first, rates[i].second / 1e9);
    text += unit;
  }
  return text.empty() ? "unknown" : text;
}

}  // namespace

std::string compute_limits_text(const Run& run) {
  return text_of(best_rates_of(run,
                               [](const DeviceRates& limits) {
                                 const std::string& precision = limits.precision;
                                 return NamedRates{{precision + (precision.empty() ? "" : " "), limits.flops}};
                               }),
                 " GFLOP/s");
}

std::string sine_limits_text(const Run& run) {
  return text_of(best_rates_of(run,
                               [](const DeviceRates& limits) {
                                 return NamedRates{{"", limits.sines}};
                               }),
                 " 10^9/s");
}

std::string bandwidth_limits_text(const Run& run) {
  return text_of(
      best_rates_of(
          run,
          [](const DeviceRates& limits) {
            return NamedRates{{"L1 ", limits.l1}, {"L2 ", limits.l2}, {"L3 ", limits.l3}, {"memory ", limits.bytes}};
          }),
      " GB/s");
}

}  // namespace frugal::harness
