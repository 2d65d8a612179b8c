#include "benchmarks/workloads/shared/mf_params.hpp"

namespace frugal::workloads {

std::vector<ParamSpec> mf_params(const std::string& solver, int epochs) {
  using Type = ParamSpec::Type;
  return {
      {.name = "mf.solver",
       .type = Type::string,
       .default_value = solver,
       .help = "how stage 1 factorises",
       .choices = {"logistic_sgd", "ials"}},
      {.name = "mf.epochs",
       .type = Type::integer,
       .default_value = epochs,
       .help = "passes over the positives (ials: iterations over both sides; 12 are enough)",
       .min = 1,
       .max = 1e6},
      {.name = "mf.init_stddev",
       .type = Type::real,
       .default_value = 0.1,
       .help = "of the initial factors",
       .min = 0,
       .max = 10},
      {.name = "mf.learning_rate",
       .type = Type::real,
       .default_value = 0.002,
       .help = "logistic_sgd",
       .min = 0,
       .max = 10},
      {.name = "mf.l2",
       .type = Type::real,
       .default_value = 0.005,
       .help = "logistic_sgd: weight decay",
       .min = 0,
       .max = 10},
      {.name = "mf.negatives",
       .type = Type::integer,
       .default_value = 8,
       .help = "logistic_sgd: negatives per positive",
       .min = 1,
       .max = 1000},
      {.name = "mf.regularization", .type = Type::real, .default_value = 0.007, .help = "ials", .min = 0, .max = 1e6},
      {.name = "mf.unobserved_weight",
       .type = Type::real,
       .default_value = 0.3,
       .help = "ials: weight of all pairs",
       .min = 0,
       .max = 1e6},
      {.name = "mf.frequency_scaling",
       .type = Type::real,
       .default_value = 1.0,
       .help = "ials: exponent nu of the frequency-scaled regularisation",
       .min = 0,
       .max = 10},
  };
}

MfSpec mf_spec(const Json& mf, int dim, std::uint32_t users, std::uint32_t items, std::uint64_t seed) {
  MfSpec spec;
  spec.solver = mf.at("solver") == "ials" ? MfSolver::ials : MfSolver::logistic_sgd;
  spec.users = users;
  spec.items = items;
  spec.dim = dim;
  spec.init_stddev = mf.at("init_stddev");
  spec.learning_rate = mf.at("learning_rate");
  spec.l2 = mf.at("l2");
  spec.negatives = mf.at("negatives");
  spec.regularization = mf.at("regularization");
  spec.unobserved_weight = mf.at("unobserved_weight");
  spec.frequency_scaling = mf.at("frequency_scaling");
  spec.seed = seed;
  return spec;
}

}  // namespace frugal::workloads
