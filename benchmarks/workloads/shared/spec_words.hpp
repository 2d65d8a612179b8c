// What a plan calls the choices of a model's spec.
#pragma once
#include <nlohmann/json.hpp>

#include "impl/base/document.hpp"
#include "impl/base/names.hpp"
#include "impl/common/specs.hpp"

namespace frugal::workloads {

inline constexpr Named<Precision> precision_names[] = {
    {Precision::fp32, "fp32"}, {Precision::tf32, "tf32"}, {Precision::bf16, "bf16"}};

inline constexpr Named<Activation> activation_names[] = {{Activation::sine, "sine"},
                                                         {Activation::relu, "relu"},
                                                         {Activation::gauss, "gauss"},
                                                         {Activation::wire, "wire"},
                                                         {Activation::finer, "finer"}};

inline constexpr Named<BiasInit> bias_init_names[] = {{BiasInit::linear, "linear"}, {BiasInit::enrp, "enrp"}};

inline constexpr Named<LearningRateSchedule::Kind> schedule_names[] = {
    {LearningRateSchedule::Kind::constant, "constant"}, {LearningRateSchedule::Kind::cosine, "cosine"}};

inline constexpr Named<InrImplementation> inr_implementation_names[] = {
    {InrImplementation::automatic, "auto"}, {InrImplementation::onednn, "onednn"}, {InrImplementation::fused, "fused"}};

inline constexpr Named<MfSolver> mf_solver_names[] = {{MfSolver::logistic_sgd, "logistic_sgd"},
                                                      {MfSolver::ials, "ials"}};

inline constexpr Named<TwoTowerLoss> two_tower_loss_names[] = {{TwoTowerLoss::bce, "bce"},
                                                               {TwoTowerLoss::batch_softmax, "batch_softmax"}};

inline constexpr Named<FeatureInteraction> interaction_names[] = {{FeatureInteraction::dot, "dot"},
                                                                  {FeatureInteraction::cat, "cat"}};

inline constexpr Named<OptimizerKind> optimizer_names[] = {{OptimizerKind::sgd, "sgd"},
                                                           {OptimizerKind::adagrad, "adagrad"},
                                                           {OptimizerKind::rowwise_adagrad, "rowwise_adagrad"},
                                                           {OptimizerKind::adam, "adam"}};

/// The choice that a parameter names.
template <class Enum, std::size_t n>
Enum choice_of(const Named<Enum> (&names)[n], const Json& params, const char* name) {
  return from_word(names, name, params.at(name).template get<std::string>());
}

}  // namespace frugal::workloads
