// The networks of plans/paper_enrp.yaml, S0 to S4 and one large SIREN, as the plan gives them.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "embedded_enrp.hpp"
#include "impl/base/document.hpp"
#include "impl/common/specs.hpp"

namespace frugal::micro {

struct Structure {
  std::string name;
  InrSpec spec;
};

/// In the order of the plan.
inline std::vector<Structure> enrp_structures() {
  const auto [file, text] = embedded::enrp().front();
  const Node plan = parse_yaml(text, std::string(file)).front();
  const Node& axes = plan.find("zip")->as_list().front();
  const std::int64_t side = plan.find("params")->find("inr")->find("size")->as_integer();  // of the picture
  std::vector<Structure> structures;
  const auto value = [&](const char* path) { return axes.find(path)->as_list().at(structures.size()).as_integer(); };
  while (structures.size() < axes.find("params.inr.grid")->as_list().size()) {
    const std::int64_t grid = value("params.inr.grid");
    structures.push_back({grid == 1 ? "SIREN" : fmt::format("S{}", structures.size()),
                          {.networks = grid * grid,
                           .points = side / grid * (side / grid),
                           .hidden_layers = static_cast<int>(value("params.inr.hidden_layers")),
                           .width = static_cast<int>(value("params.inr.width"))}});
  }
  return structures;
}

}  // namespace frugal::micro
