#include "benchmarks/harness/plan/measure.hpp"

#include <fmt/format.h>

namespace frugal::harness {
namespace {

int read_count(const Node& node, std::int64_t min) {
  constexpr std::int64_t max = 1'000'000;
  if (node.as_integer() < min || node.integer > max) {
    throw UserError(node.place, fmt::format("this must be from {} to {}, but it is {}", min, max, node.text));
  }
  return static_cast<int>(node.integer);
}

double read_target(const Node& node) {
  if (!(node.as_real() > 0 && node.real < 1))
    throw UserError(node.place, "target_rel_ci is a share of the median, between 0 and 1, but this is " + node.text);
  return node.real;
}

double read_min_time(const Node& node) {
  if (!(node.as_real() > 0)) throw UserError(node.place, "min_time_s must be above 0, but this is " + node.text);
  return node.real;
}

/// plan, random, or {random: SEED}.
std::optional<std::uint64_t> read_order(const Node& node) {
  if (node.kind == Node::Kind::map) {
    require_keys(node, {"random"}, "order");
    const Node* seed = node.find("random");
    if (seed == nullptr) throw UserError(node.place, "give the seed: order: {random: 7}");
    if (seed->as_integer() < 0) throw UserError(seed->place, "a seed must be at least 0, but this is " + seed->text);
    return static_cast<std::uint64_t>(seed->integer);
  }
  enum class Order { plan, random };
  constexpr Named<Order> order_names[] = {{Order::plan, "plan"}, {Order::random, "random"}};
  const Order order = from_word(order_names, "order", node.as_string(), node.place);
  return order == Order::random ? std::optional<std::uint64_t>(1) : std::nullopt;
}

/// How long the repeats may go on, when they do.
void read_stop(const Node& node, Measure& measure) {
  const Node* most = node.find("max_repeats");
  const Node* target = node.find("target_rel_ci");
  const Node* time = node.find("min_time_s");
  if (target != nullptr) measure.target_rel_ci = read_target(*target);
  if (time != nullptr) measure.min_time_s = read_min_time(*time);
  if (target == nullptr && time == nullptr) {
    if (most != nullptr)
      throw UserError(most->place,
                      "max_repeats ends what target_rel_ci or min_time_s asks for: give one of them, or "
                      "`repeats` alone");
    return;
  }
  const int least = std::max(measure.repeats, target != nullptr ? fewest_for_interval : 1);
  measure.max_repeats = most != nullptr ? read_count(*most, 1) : std::max(least, default_max_repeats);
  if (measure.max_repeats >= least) return;
  throw UserError(
      most->place,
      measure.max_repeats < measure.repeats
          ? fmt::format("max_repeats must be at least repeats, {}, but this is {}", measure.repeats, most->text)
          : fmt::format("a median has no 95% interval below {} values, so max_repeats must be at least "
                        "that, but this is {}",
                        fewest_for_interval, most->text));
}

}  // namespace

Measure read_measure(const Node* node) {
  Measure measure;
  if (node == nullptr) return measure;
  require_keys(*node, {"warmup", "repeats", "limits", "max_repeats", "target_rel_ci", "min_time_s", "order", "pin"},
               "key of measure");
  if (const Node* warmup = node->find("warmup")) measure.warmup = read_count(*warmup, 0);
  if (const Node* repeats = node->find("repeats")) measure.repeats = read_count(*repeats, 1);
  if (const Node* measured = node->find("limits")) measure.limits = measured->as_boolean();
  if (const Node* order = node->find("order")) measure.order_seed = read_order(*order);
  if (const Node* pin = node->find("pin")) measure.pin = pin->as_boolean();
  read_stop(*node, measure);
  return measure;
}

Json to_json(const Measure& measure) {
  Json json = {{"warmup", measure.warmup}, {"repeats", measure.repeats}, {"limits", measure.limits}};
  if (measure.max_repeats > 0) json["max_repeats"] = measure.max_repeats;
  if (measure.target_rel_ci > 0) json["target_rel_ci"] = measure.target_rel_ci;
  if (measure.min_time_s > 0) json["min_time_s"] = measure.min_time_s;
  if (measure.pin) json["pin"] = true;
  if (measure.order_seed) json["order"] = {{"random", *measure.order_seed}};
  return json;
}

Measure measure_from_json(const Json& json) {
  Measure measure;
  measure.warmup = json.at("warmup").get<int>();
  measure.repeats = json.at("repeats").get<int>();
  measure.limits = json.at("limits").get<bool>();
  measure.max_repeats = json.value("max_repeats", 0);
  measure.target_rel_ci = json.value("target_rel_ci", 0.0);
  measure.min_time_s = json.value("min_time_s", 0.0);
  measure.pin = json.value("pin", false);
  if (json.contains("order")) measure.order_seed = json.at("order").at("random").get<std::uint64_t>();
  return measure;
}

}  // namespace frugal::harness
