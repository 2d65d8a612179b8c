// The shapes and settings of the models: what a plan asks for and what every back end must agree on.
// Plain data; a default is the protocol of the paper it comes from.
#pragma once
#include <cstdint>
#include <vector>

namespace frugal {

/// Arithmetic of the heavy products. fp32 is the default everywhere; the others are axes of a plan, never silent.
enum class Precision { fp32, tf32, bf16 };

/// A user-item pair that happened (implicit feedback).
struct Interaction {
  std::uint32_t user;
  std::uint32_t item;
  friend bool operator==(const Interaction&, const Interaction&) = default;
};

/// Adam (Kingma & Ba 2015, Algorithm 1): w -= lr * m_hat / (sqrt(v_hat) + epsilon).
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// ---------------------------------------------------------------------------------------------------------------------
// inr: an ensemble of small coordinate networks, one per tile of a signal (ENRP, arXiv 2110.04124; SIREN, arXiv
// 2006.09661).

/// f(z) of every layer but the last, with w = omega0 (first_omega0 in layer 0) and s = scale:
///   sine   sin(w z)                         SIREN
///   relu   max(z, 0)
///   gauss  exp(-(s z)^2)                    Ramasinghe & Lucey, ECCV 2022
///   wire   cos(w z) exp(-(s z)^2)           WIRE's real Gabor, CVPR 2023
///   finer  sin(w (|z| + 1) z)               FINER, CVPR 2024
enum class Activation { sine, relu, gauss, wire, finer };

/// Law of the initial biases: `linear` U(+-1/sqrt(in)); `enrp` U(+-1/sqrt(out * in)), which the authors' code uses for
/// grids above 2 (a fan-in computed on a three-dimensional weight).
enum class BiasInit { linear, enrp };

/// Learning rate of step t, counted from 1: a linear rise over the first `warmup` steps, then constant, or half a
/// cosine that ends at 0 after `steps` steps.
struct LearningRateSchedule {
  enum class Kind { constant, cosine };
  Kind kind = Kind::constant;
  int warmup = 0;
  int steps = 0;  ///< of the whole training; cosine needs it
};

/// Which of a back end's ways to compute an ensemble: `automatic` is the fastest that supports the spec.
enum class InrImplementation { automatic, onednn, fused };

/// `networks` sub-networks inputs -> width -> ... -> width -> channels, each on `points` samples of its tile.
/// Layer 0 maps inputs -> width; layers 1..hidden_layers map width -> width; all of those end in the activation. The
/// last layer is linear, width -> channels.
struct InrSpec {
  std::int64_t networks = 1;
  std::int64_t points = 128 * 128;  ///< samples of one tile; the same coordinates in all tiles
  int inputs = 2;                   ///< dimensions of the signal: 1, 2 or 3
  int channels = 3;
  int hidden_layers = 3;  ///< width -> width layers, beside the first and the last
  int width = 256;
  Activation activation = Activation::sine;
  BiasInit bias_init = BiasInit::linear;
  Precision precision = Precision::fp32;
  double omega0 = 30;        ///< of the hidden layers; also scales their initial weights
  double first_omega0 = 30;  ///< of layer 0
  double scale = 10;         ///< of gauss and wire
  Adam adam{.learning_rate = 1e-4};
  double weight_decay = 0;  ///< decoupled (AdamW, Loshchilov & Hutter 2019): w *= 1 - learning rate * weight_decay
  LearningRateSchedule schedule{};
  std::int64_t patience = 0;  ///< a sub-network whose best loss is more than this many steps old stops; 0: never
  InrImplementation implementation = InrImplementation::automatic;
  std::uint64_t seed = 0;

  int layers() const { return hidden_layers + 2; }
  int layer_in(int layer) const { return layer == 0 ? inputs : width; }
  int layer_out(int layer) const { return layer == layers() - 1 ? channels : width; }
};

// ---------------------------------------------------------------------------------------------------------------------
// Matrix factorisation of implicit feedback.

enum class MfSolver {
  logistic_sgd,  ///< y = sigmoid(u.v + b_u + b_i + b), BCE, plain SGD (Rendle et al., RecSys 2020)
  ials           ///< implicit ALS (Hu, Koren, Volinsky 2008; Rendle et al., RecSys 2022)
};

struct MfSpec {
  MfSolver solver = MfSolver::logistic_sgd;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  int dim = 16;
  double init_stddev = 0.1;  ///< factors ~ N(0, stddev) for SGD, N(0, stddev / sqrt(dim)) for iALS; biases 0
  // logistic_sgd
  double learning_rate = 0.002;
  double l2 = 0.005;  ///< w -= lr * (gradient + l2 * w), factors and biases, per example
  int negatives = 8;  ///< per positive, uniform over the items (seen ones included), redrawn each epoch
  // ials
  double regularization = 0.007;   ///< times (|history| + w0 * |other side|)^frequency_scaling
  double unobserved_weight = 0.3;  ///< w0
  double frequency_scaling = 1;    ///< nu
  std::uint64_t seed = 0;
};

// ---------------------------------------------------------------------------------------------------------------------
// Recommenders.

/// What a two-tower network learns from; impl/api/two_tower.hpp has the formulas.
enum class TwoTowerLoss {
  bce,           ///< binary cross-entropy on a positive and `negatives` uniform items
  batch_softmax  ///< softmax over the items of the step's positives, corrected for their popularity
};

/// score(u, i) = tower_user(e_u, x_u) . tower_item(e_i, x_i), x: fixed side features, appended to the embedding row.
/// tower_layers are the output widths of the dense layers, ReLU after each but the last; empty: no tower.
struct TwoTowerSpec {
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  int embedding_dim = 64;
  std::vector<int> tower_layers{128, 64};
  bool embedding_trainable = true;
  int user_features = 0;  ///< side features of a user; they need tower layers
  int item_features = 0;
  double init_stddev = 0.1;  ///< of random embeddings
  TwoTowerLoss loss = TwoTowerLoss::bce;
  int negatives = 4;  ///< per positive; of bce
  int batch = 1024;   ///< positives a step; the last step of an epoch takes what is left
  Adam adam{};        ///< embedding rows: lazy (only rows touched by the step move)
  std::uint64_t seed = 0;
};

enum class FeatureInteraction { dot, cat };

enum class OptimizerKind { sgd, adagrad, rowwise_adagrad, adam };

/// An optimiser and its settings.
struct UpdateRule {
  OptimizerKind kind = OptimizerKind::adam;
  Adam adam{};  ///< the learning rate and epsilon of every kind; the betas of Adam
};

/// DLRM (Naumov et al., arXiv 1906.00091): bottom MLP on the dense features, the sum of a bag of embedding rows per
/// categorical feature, pairwise dots or concatenation, top MLP to one logit. ReLU after each layer but the last of
/// `top`.
struct DlrmSpec {
  int dense_features = 13;
  std::vector<std::uint32_t> table_rows;
  int frozen_tables = 0;  ///< the first so many tables stay as they are: no gradient, no optimiser state
  int embedding_dim = 16;
  std::vector<int> bottom{64, 16};  ///< output widths; the last must be embedding_dim for `dot`
  std::vector<int> top{64, 1};      ///< output widths; the last must be 1
  FeatureInteraction interaction = FeatureInteraction::dot;
  OptimizerKind optimizer = OptimizerKind::adagrad;  ///< rowwise_adagrad: embeddings row-wise, dense layers adagrad
  double learning_rate = 0.01;
  double epsilon = 1e-8;  ///< of adagrad and adam
  int batch = 2048;
  Precision precision = Precision::fp32;  ///< of the operands of the dense layers' products
  std::uint64_t seed = 0;
};

}  // namespace frugal
