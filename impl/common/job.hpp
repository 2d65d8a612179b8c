// Several processes that compute with one back end as one: the ranks of a job, started together.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "impl/common/packed_pairs.hpp"

namespace frugal {

/// A rank's part of a sequence that all ranks load together, each by itself: what rank 0 asks of them with `request`. All
/// make the same calls of the communicator. Throws UserError on all of them or on none.
using LoadPart = std::function<PackedPairs(Communicator& ranks, const std::string& request)>;

/// What the processes of a job are told apart by, and how they end. Rank 0 uses the back end as any program does; its
/// models are computed by all ranks.
class Job {
 public:
  virtual ~Job() = default;
  /// This process, from 0.
  virtual int rank() const = 0;
  /// Names of the hosts, [ranks].
  virtual const std::vector<std::string>& hosts() const = 0;
  /// Of every rank but 0: computes what rank 0 asks for, until that ends the job. load: see Backend::load_together().
  virtual void follow(const LoadPart& load) = 0;
  /// Of rank 0, at last: the others return from follow(). Where they are still computing, because a call of a model was
  /// left by an exception, the whole job is ended instead.
  virtual void end() = 0;
  /// Ends all its processes at once, this one too.
  virtual void abort() = 0;
};

}  // namespace frugal
