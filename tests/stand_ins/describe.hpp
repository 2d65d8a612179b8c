// A specification as words: one entry a setting, so that a test can say which of them changed.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "impl/common/specs.hpp"
#include "tests/stand_ins/backends.hpp"

namespace frugal::stand_ins {

template <class Value>
std::string setting_text(const Value& value) {
  if constexpr (std::is_enum_v<Value>)
    return std::to_string(static_cast<int>(value));
  else if constexpr (requires { value.begin(); })
    return fmt::format("{}", fmt::join(value, " "));
  else if constexpr (std::is_same_v<Value, bool>)
    return value ? "true" : "false";
  else
    return fmt::format("{}", value);
}

inline void describe(const Adam& adam, const std::string& prefix, Record& to) {
  to[prefix + "learning_rate"] = setting_text(adam.learning_rate);
  to[prefix + "betas"] = fmt::format("{} {}", adam.beta1, adam.beta2);
  to[prefix + "epsilon"] = setting_text(adam.epsilon);
}

inline void describe(const InrSpec& spec, Record& to) {
  to["inr.networks"] = setting_text(spec.networks);
  to["inr.points"] = setting_text(spec.points);
  to["inr.inputs"] = setting_text(spec.inputs);
  to["inr.channels"] = setting_text(spec.channels);
  to["inr.hidden_layers"] = setting_text(spec.hidden_layers);
  to["inr.width"] = setting_text(spec.width);
  to["inr.activation"] = setting_text(spec.activation);
  to["inr.bias_init"] = setting_text(spec.bias_init);
  to["inr.precision"] = setting_text(spec.precision);
  to["inr.omega0"] = setting_text(spec.omega0);
  to["inr.first_omega0"] = setting_text(spec.first_omega0);
  to["inr.scale"] = setting_text(spec.scale);
  to["inr.weight_scale"] = setting_text(spec.weight_scale);
  describe(spec.adam, "inr.", to);
  to["inr.weight_decay"] = setting_text(spec.weight_decay);
  to["inr.schedule"] = setting_text(spec.schedule.kind);
  to["inr.schedule.warmup"] = setting_text(spec.schedule.warmup);
  to["inr.schedule.steps"] = setting_text(spec.schedule.steps);
  to["inr.patience"] = setting_text(spec.patience);
  to["inr.implementation"] = setting_text(spec.implementation);
  to["inr.seed"] = setting_text(spec.seed);
}

inline void describe(const MfSpec& spec, Record& to) {
  to["mf.solver"] = setting_text(spec.solver);
  to["mf.users"] = setting_text(spec.users);
  to["mf.items"] = setting_text(spec.items);
  to["mf.dim"] = setting_text(spec.dim);
  to["mf.init_stddev"] = setting_text(spec.init_stddev);
  to["mf.learning_rate"] = setting_text(spec.learning_rate);
  to["mf.l2"] = setting_text(spec.l2);
  to["mf.negatives"] = setting_text(spec.negatives);
  to["mf.regularization"] = setting_text(spec.regularization);
  to["mf.unobserved_weight"] = setting_text(spec.unobserved_weight);
  to["mf.frequency_scaling"] = setting_text(spec.frequency_scaling);
  to["mf.seed"] = setting_text(spec.seed);
}

inline void describe(const TwoTowerSpec& spec, Record& to) {
  to["tower.users"] = setting_text(spec.users);
  to["tower.items"] = setting_text(spec.items);
  to["tower.embedding_dim"] = setting_text(spec.embedding_dim);
  to["tower.layers"] = setting_text(spec.tower_layers);
  to["tower.embedding_trainable"] = setting_text(spec.embedding_trainable);
  to["tower.user_features"] = setting_text(spec.user_features);
  to["tower.item_features"] = setting_text(spec.item_features);
  to["tower.init_stddev"] = setting_text(spec.init_stddev);
  to["tower.loss"] = setting_text(spec.loss);
  to["tower.sharing"] = setting_text(spec.sharing);
  to["tower.negatives"] = setting_text(spec.negatives);
  to["tower.batch"] = setting_text(spec.batch);
  describe(spec.adam, "tower.", to);
  to["tower.seed"] = setting_text(spec.seed);
}

inline void describe(const DlrmSpec& spec, Record& to) {
  to["dlrm.dense_features"] = setting_text(spec.dense_features);
  to["dlrm.table_rows"] = setting_text(spec.table_rows);
  to["dlrm.frozen_tables"] = setting_text(spec.frozen_tables);
  to["dlrm.embedding_dim"] = setting_text(spec.embedding_dim);
  to["dlrm.bottom"] = setting_text(spec.bottom);
  to["dlrm.top"] = setting_text(spec.top);
  to["dlrm.interaction"] = setting_text(spec.interaction);
  to["dlrm.optimizer"] = setting_text(spec.optimizer);
  to["dlrm.learning_rate"] = setting_text(spec.learning_rate);
  to["dlrm.epsilon"] = setting_text(spec.epsilon);
  to["dlrm.batch"] = setting_text(spec.batch);
  to["dlrm.precision"] = setting_text(spec.precision);
  to["dlrm.seed"] = setting_text(spec.seed);
}

}  // namespace frugal::stand_ins
