#include "impl/mpi/job.hpp"

#include <span>
#include <stdexcept>

#include "impl/mpi/inr/inr_ensemble.hpp"
#include "impl/mpi/kernel_facts.hpp"
#include "impl/mpi/mf/matrix_factorizer.hpp"
#include "impl/mpi/open_mpi.hpp"
#include "impl/mpi/recommender/dlrm.hpp"
#include "impl/mpi/recommender/two_tower.hpp"

namespace frugal::mpi {
namespace {

class WorldJob final : public Job {
 public:
  explicit WorldJob(std::unique_ptr<World> world) : world_(std::move(world)), team_(*world_) {
    const KernelFacts own = kernel_facts();
    KernelFacts of_first = own;
    world_->broadcast(std::as_writable_bytes(std::span(&of_first, 1)));
    why_not_alike_ = why_not_alike(of_first, own);
  }

  Team& team() { return team_; }
  int rank() const override { return world_->rank(); }
  const std::vector<std::string>& hosts() const override { return world_->hosts(); }

  void follow(const LoadPart& load) override {
    if (!why_not_alike_.empty()) throw std::runtime_error(why_not_alike_);
    team_.follow({{Call::make_inr, follow_ensemble},
                  {Call::make_mf, follow_factorizer},
                  {Call::make_two_tower, follow_two_tower},
                  {Call::make_dlrm, follow_dlrm}},
                 load);
    world_->leave();
  }

  void end() override {
    if (team_.busy()) world_->abort();
    team_.end();
    world_->leave();
  }

  void abort() override { world_->abort(); }

 private:
  std::unique_ptr<World> world_;
  Team team_;
  std::string why_not_alike_;  ///< of this rank's kernels and the first one's
};

std::unique_ptr<WorldJob>& job() {
  static std::unique_ptr<WorldJob> joined;
  return joined;
}

}  // namespace

Team& team() {
  static Team of_one(alone());
  return job() ? job()->team() : of_one;
}

Job* join_job() {
  if (std::unique_ptr<World> world = join_world()) job() = std::make_unique<WorldJob>(std::move(world));
  return job().get();
}

}  // namespace frugal::mpi
