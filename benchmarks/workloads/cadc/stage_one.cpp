#include "benchmarks/workloads/cadc/stage_one.hpp"

#include <algorithm>
#include <utility>

#include "benchmarks/workloads/cadc/params.hpp"
#include "benchmarks/workloads/cadc/spectral.hpp"
#include "benchmarks/workloads/cadc/stored.hpp"
#include "benchmarks/workloads/shared/checkpoint.hpp"
#include "benchmarks/workloads/shared/shared.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/traffic.hpp"

namespace frugal::workloads {

using harness::Cell;
using harness::Outcome;
using harness::RunContext;
using harness::Work;

std::unique_ptr<MatrixFactorizer> factorize(const Cell& cell, const data::Split& split, RunContext& context,
                                            double share, ProxyWatch* watch, Outcome& outcome) {
  const MfSpec spec = mf_spec(cell, split.users, split.items);
  const int epochs = cell.own().at("mf").at("epochs");
  std::unique_ptr<MatrixFactorizer> mf;
  context.stage("prepare[mf]", [&] {
    mf = backend_of(cell).make(spec);
    mf->set_packed_interactions(split.train);
    load_checkpoint(cell, *mf);
  });
  const int at_once = watch ? 1 : epochs;
  std::vector<double> losses;  // of each epoch
  for (int done = 0; done < epochs; done += at_once) {
    context.stage("factorize", [&] {
      if (watch) {  // what it has seen by then is in no checkpoint
        losses.push_back(mf->train(1).back());
        context.progress(share * (done + 1) / epochs);
      } else {
        losses = train_epochs(*mf, epochs, context, share);
      }
      return Work{.flops = (epoch_flops(spec, split.train.size()) * at_once).total(),
                  .bytes = epoch_bytes(spec, split.train.size()) * at_once};
    });
    if (!watch) continue;
    context.stage("sample", [&] {
      const double flops = watch->look(mf->export_state());
      outcome.metrics["flops.train"] += flops;
      return Work{.flops = flops};
    });
  }
  for (std::size_t epoch = 0; epoch < losses.size(); ++epoch)
    context.loss("factorize", static_cast<double>(epoch + 1), losses[epoch]);
  outcome.metrics["loss[mf]"] = losses.back();
  outcome.metrics["flops.train"] += (epoch_flops(spec, split.train.size()) * epochs).total();
  outcome.metrics["parameters"] = static_cast<double>(parameters(spec));
  outcome.implementation = mf->implementation();
  return mf;
}

ModelState closed_form_factors(const Cell& cell, const data::Split& split, RunContext& context, Outcome& outcome) {
  const bool svd = cell.own().at("embedding_init") == "svd";
  const int dim = cell.own().at("mf").at("dim");
  SpectralFactors found;
  context.stage("factorize", [&] {
    found = svd ? fit_svd(split, dim, cell.seed) : fit_leporid(split, dim, cell.seed);
    return Work{.flops = found.flops};
  });
  outcome.metrics["flops.train"] += found.flops;
  return std::move(found.factors);
}

ModelState keep_stored(const Cell& cell, ModelState factors, RunContext& context, Outcome& outcome) {
  const Json& own = cell.own().at("store");
  const Storing how = choice_of(storing_names, own, "how");
  const auto stored_by = [&](ModelState state) { return store(std::move(state), how, own.at("bits")); };
  if (how == Storing::fp32) {  // a user's bias included, which is not stored: the model goes on as it is
    outcome.metrics["bytes.embeddings"] = static_cast<double>(stored_by(factors).bytes);
    return factors;
  }
  StoredFactors stored;
  context.stage("store", [&] { stored = stored_by(std::move(factors)); });
  outcome.metrics["bytes.embeddings"] = static_cast<double>(stored.bytes);
  return std::move(stored.factors);
}

void put_bytes(const data::Split& split, std::span<const Interaction> sample, Outcome& outcome) {
  const auto coded = [&](const PackedPairs& pairs) {
    return pairs.empty() ? 0.0 : static_cast<double>(bytes_coded(pairs, split.users, split.items));
  };
  const auto and_validation = [&](const auto& pairs) {
    PackedPairs both;
    for (const Interaction& pair : pairs) both.push_back(pair);
    for (const Interaction& pair : split.validation) both.push_back(pair);
    return both;
  };
  const PackedPairs both = split.validation.empty() ? PackedPairs() : and_validation(split.train);
  const PackedPairs& all = split.validation.empty() ? split.train : both;  // a copy of many would be felt
  outcome.metrics["bytes.sample"] = coded(and_validation(sample));
  outcome.metrics["bytes.stored"] = outcome.metrics["bytes.sample"] + outcome.metrics["bytes.embeddings"];
  outcome.metrics["bytes.pairs"] = static_cast<double>(bytes_as_ids(all.size(), split.users, split.items));
  outcome.metrics["bytes.pairs[coded]"] = coded(all);
  outcome.metrics["bytes.share"] = 100 * outcome.metrics["bytes.stored"] / outcome.metrics["bytes.pairs"];
}

}  // namespace frugal::workloads
