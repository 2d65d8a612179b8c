// The words of the enums of specs.hpp.
#pragma once
#include "impl/base/names.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// The words of plans and of records' implementations.
inline constexpr Named<Precision> precision_names[] = {
    {Precision::fp32, "fp32"}, {Precision::tf32, "tf32"}, {Precision::bf16, "bf16"}};

/// The words of plans.
inline constexpr Named<Activation> activation_names[] = {{Activation::sine, "sine"},
                                                         {Activation::relu, "relu"},
                                                         {Activation::gauss, "gauss"},
                                                         {Activation::wire, "wire"},
                                                         {Activation::finer, "finer"}};

/// The words of plans, beside `auto`.
inline constexpr Named<BiasInit> bias_init_names[] = {{BiasInit::linear, "linear"}, {BiasInit::enrp, "enrp"}};

/// The words of plans.
inline constexpr Named<LearningRateSchedule::Kind> schedule_names[] = {
    {LearningRateSchedule::Kind::constant, "constant"}, {LearningRateSchedule::Kind::cosine, "cosine"}};

/// The words of plans.
inline constexpr Named<InrImplementation> inr_implementation_names[] = {
    {InrImplementation::automatic, "auto"}, {InrImplementation::onednn, "onednn"}, {InrImplementation::fused, "fused"}};

/// The words of plans.
inline constexpr Named<MfSolver> mf_solver_names[] = {{MfSolver::logistic_sgd, "logistic_sgd"},
                                                      {MfSolver::ials, "ials"}};

/// The words of plans.
inline constexpr Named<TwoTowerLoss> two_tower_loss_names[] = {{TwoTowerLoss::bce, "bce"},
                                                               {TwoTowerLoss::batch_softmax, "batch_softmax"}};
inline constexpr Named<TwoTowerSharing> two_tower_sharing_names[] = {{TwoTowerSharing::ids, "ids"},
                                                                     {TwoTowerSharing::examples, "examples"}};

/// The words of plans.
inline constexpr Named<FeatureInteraction> interaction_names[] = {{FeatureInteraction::dot, "dot"},
                                                                  {FeatureInteraction::cat, "cat"}};

/// The words of plans.
inline constexpr Named<OptimizerKind> optimizer_names[] = {{OptimizerKind::sgd, "sgd"},
                                                           {OptimizerKind::adagrad, "adagrad"},
                                                           {OptimizerKind::rowwise_adagrad, "rowwise_adagrad"},
                                                           {OptimizerKind::adam, "adam"}};

}  // namespace frugal
