// The shapes and settings of the models: what a plan asks for and what every back end must agree on.
// Plain data; a default is the protocol of the paper it comes from.
#pragma once
#include <cstdint>
#include <vector>

namespace frugal {

/// Arithmetic of the heavy products. fp32 is the default everywhere; the others are axes of a plan, never silent.
enum class Precision {
  fp32,  ///< IEEE single
  tf32,  ///< operands rounded to 10 bits of mantissa, sums in fp32
  bf16   ///< operands rounded to 7 bits of mantissa (bf16.hpp), sums in fp32
};

/// A user-item pair that happened (implicit feedback).
struct Interaction {
  std::uint32_t user;  ///< 0 ... users - 1
  std::uint32_t item;  ///< 0 ... items - 1
  /// Both the same.
  friend bool operator==(const Interaction&, const Interaction&) = default;
};

/// Adam (Kingma & Ba 2015, Algorithm 1): w -= learning_rate * m_hat / (sqrt(v_hat) + epsilon).
struct Adam {
  double learning_rate = 1e-3;  ///< the paper's alpha
  double beta1 = 0.9;           ///< decay of the first moment
  double beta2 = 0.999;         ///< decay of the second
  double epsilon = 1e-8;        ///< beside the root
};

// ---------------------------------------------------------------------------------------------------------------------
// inr: an ensemble of small coordinate networks, one per tile of a signal (ENRP, arXiv 2110.04124; SIREN, arXiv
// 2006.09661).

/// f(z) of every layer but the last, with w = omega0 (first_omega0 in layer 0) and s = scale.
enum class Activation {
  sine,   ///< sin(w z): SIREN
  relu,   ///< max(z, 0)
  gauss,  ///< exp(-(s z)^2): Ramasinghe & Lucey, ECCV 2022
  wire,   ///< cos(w z) exp(-(s z)^2): WIRE's real Gabor, CVPR 2023
  finer   ///< sin(w (|z| + 1) z): FINER, CVPR 2024
};

/// Law of the initial biases.
enum class BiasInit {
  linear,  ///< U(+-1/sqrt(in))
  enrp     ///< U(+-1/sqrt(out * in)): the authors' code for grids above 2 (a fan-in of a three-dimensional weight)
};

/// Learning rate of step t, counted from 1: a linear rise over the first `warmup` steps, then what `kind` says.
struct LearningRateSchedule {
  /// After the rise.
  enum class Kind {
    constant,  ///< the rate of Adam
    cosine     ///< half a cosine from that to 0 after `steps` steps (SGDR, Loshchilov & Hutter 2017)
  };
  Kind kind = Kind::constant;  ///< after the rise
  int warmup = 0;              ///< steps
  int steps = 0;               ///< of the whole training; cosine needs it
};

/// Which of a back end's ways to compute an ensemble.
enum class InrImplementation {
  automatic,  ///< the fastest that supports the spec
  onednn,     ///< the library's products; the cpu's
  fused       ///< kernels that keep a tile in cache from layer to layer
};

/// `networks` sub-networks inputs -> width -> ... -> width -> channels, each on `points` samples of its tile.
/// Layer 0 maps inputs -> width; layers 1..hidden_layers map width -> width; all of those end in the activation. The
/// last layer is linear, width -> channels.
struct InrSpec {
  std::int64_t networks = 1;                 ///< K, one a tile
  std::int64_t points = 128 * 128;           ///< samples of one tile; the same coordinates in all tiles
  int inputs = 2;                            ///< dimensions of the signal: 1, 2 or 3
  int channels = 3;                          ///< values of a sample
  int hidden_layers = 3;                     ///< width -> width layers, beside the first and the last
  int width = 256;                           ///< units of a layer
  Activation activation = Activation::sine;  ///< of all layers but the last
  BiasInit bias_init = BiasInit::linear;     ///< of all layers
  Precision precision = Precision::fp32;     ///< of the width x width products; where a GPU's tensor cores keep only
                                             ///< rounded operands, of all gradients made of them
  double omega0 = 30;                        ///< of the hidden layers; also scales their initial weights
  double first_omega0 = 30;                  ///< of layer 0
  double scale = 10;                         ///< of gauss and wire
  double weight_scale = 1;                   ///< times the initial weights of all layers but the last
  Adam adam{.learning_rate = 1e-4};          ///< its learning rate is the schedule's highest
  double weight_decay = 0;  ///< decoupled (AdamW, Loshchilov & Hutter 2019): w *= 1 - learning rate * weight_decay
  LearningRateSchedule schedule{};  ///< of the learning rate
  std::int64_t patience = 0;        ///< a sub-network whose best loss is more than this many steps old stops; 0: never
  InrImplementation implementation = InrImplementation::automatic;  ///< must be one that the back end has
  std::uint64_t seed = 0;                                           ///< of the initial values

  /// All of them.
  int layers() const { return hidden_layers + 2; }
  /// Inputs of a layer, counted from 0.
  int layer_in(int layer) const { return layer == 0 ? inputs : width; }
  /// Outputs of a layer.
  int layer_out(int layer) const { return layer == layers() - 1 ? channels : width; }
};

// ---------------------------------------------------------------------------------------------------------------------
// Matrix factorisation of implicit feedback.

/// How the factors are found.
enum class MfSolver {
  logistic_sgd,  ///< y = sigmoid(u.v + b_u + b_i + b), BCE, plain SGD (Rendle et al., RecSys 2020)
  ials           ///< implicit ALS (Hu, Koren, Volinsky 2008; Rendle et al., RecSys 2022)
};

/// Factors of users and items, and how they are fitted.
struct MfSpec {
  MfSolver solver = MfSolver::logistic_sgd;  ///< the groups below belong to one each
  std::uint32_t users = 0;                   ///< rows of the matrix
  std::uint32_t items = 0;                   ///< columns
  int dim = 16;                              ///< factors of a row
  double init_stddev = 0.1;  ///< factors ~ N(0, stddev) for SGD, N(0, stddev / sqrt(dim)) for iALS; biases 0
  // logistic_sgd
  double learning_rate = 0.002;  ///< constant
  double l2 = 0.005;             ///< w -= lr * (gradient + l2 * w), factors and biases, per example
  int negatives = 8;             ///< per positive, uniform over the items (seen ones included), redrawn each epoch
  // ials
  double regularization = 0.007;   ///< times (|history| + w0 * |other side|)^frequency_scaling
  double unobserved_weight = 0.3;  ///< w0
  double frequency_scaling = 1;    ///< nu
  std::uint64_t seed = 0;          ///< of initial factors, order and negatives
};

// ---------------------------------------------------------------------------------------------------------------------
// Recommenders.

/// What a two-tower network learns from; impl/api/two_tower.hpp has the formulas.
enum class TwoTowerLoss {
  bce,           ///< binary cross-entropy on a positive and `negatives` uniform items
  batch_softmax  ///< softmax over the items of the step's positives, corrected for their popularity
};

/// How several ranks share a step of a two-tower network.
enum class TwoTowerSharing {
  ids,      ///< each takes some of its distinct users and items: the bits are those of one rank
  examples  ///< each takes some of its positives: less travels, and the bits depend on the number of ranks
};

/// score(u, i) = tower_user(e_u, x_u) . tower_item(e_i, x_i), x: fixed side features, appended to the embedding row.
/// tower_layers are the output widths of the dense layers, ReLU after each but the last; empty: no tower.
struct TwoTowerSpec {
  std::uint32_t users = 0;                         ///< rows of the user table
  std::uint32_t items = 0;                         ///< rows of the item table
  int embedding_dim = 64;                          ///< width of a row
  std::vector<int> tower_layers{128, 64};          ///< the same of both towers
  bool embedding_trainable = true;                 ///< or the rows stay as they are
  int user_features = 0;                           ///< side features of a user; they need tower layers
  int item_features = 0;                           ///< the same of an item
  double init_stddev = 0.1;                        ///< of random embeddings
  TwoTowerLoss loss = TwoTowerLoss::bce;           ///< what it learns from
  TwoTowerSharing sharing = TwoTowerSharing::ids;  ///< of a step, where there are several ranks
  int negatives = 4;                               ///< per positive; of bce
  int batch = 1024;                                ///< positives a step; the last step of an epoch takes what is left
  Adam adam{};                                     ///< embedding rows: lazy (only rows touched by the step move)
  std::uint64_t seed = 0;                          ///< of initial values, order and negatives
};

/// How a DLRM's features meet (impl/api/dlrm.hpp).
enum class FeatureInteraction {
  dot,  ///< the dots of all pairs of vectors
  cat   ///< the vectors one after another
};

/// impl/reference/recommender/parameter.hpp has the formulas.
enum class OptimizerKind {
  sgd,              ///< plain
  adagrad,          ///< Duchi, Hazan, Singer 2011
  rowwise_adagrad,  ///< one number of state per embedding row; elsewhere adagrad
  adam              ///< Kingma & Ba 2015
};

/// An optimiser and its settings.
struct UpdateRule {
  OptimizerKind kind = OptimizerKind::adam;  ///< which
  Adam adam{};                               ///< the learning rate and epsilon of every kind; the betas of Adam
};

/// DLRM (Naumov et al., arXiv 1906.00091): bottom MLP on the dense features, the sum of a bag of embedding rows per
/// categorical feature, pairwise dots or concatenation, top MLP to one logit. ReLU after each layer but the last of
/// `top`.
struct DlrmSpec {
  int dense_features = 13;                ///< of an example
  std::vector<std::uint32_t> table_rows;  ///< rows of each embedding table
  int frozen_tables = 0;                  ///< the first so many stay as they are: no gradient, no optimiser state
  int embedding_dim = 16;                 ///< width of a row
  std::vector<int> bottom{64, 16};        ///< output widths; the last must be embedding_dim for `dot`
  std::vector<int> top{64, 1};            ///< output widths; the last must be 1
  FeatureInteraction interaction = FeatureInteraction::dot;  ///< between the two MLPs
  OptimizerKind optimizer = OptimizerKind::adagrad;  ///< rowwise_adagrad: embeddings row-wise, dense layers adagrad
  double learning_rate = 0.01;                       ///< constant
  double epsilon = 1e-8;                             ///< of adagrad and adam
  int batch = 2048;                                  ///< examples of a step at most
  Precision precision = Precision::fp32;             ///< of the operands of the dense layers' products
  std::uint64_t seed = 0;                            ///< of the initial values
};

}  // namespace frugal
