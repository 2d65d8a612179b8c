// Several processes as one cpu: the models are those of the cpu back end, which compute the same bits at any number of
// ranks.
#include "impl/mpi/backend.hpp"

#include "impl/cpu/backend.hpp"
#include "impl/mpi/inr/inr_ensemble.hpp"
#include "impl/mpi/job.hpp"
#include "impl/mpi/mf/matrix_factorizer.hpp"
#include "impl/mpi/open_mpi.hpp"
#include "impl/mpi/recommender/dlrm.hpp"
#include "impl/mpi/recommender/two_tower.hpp"

namespace frugal::mpi {
namespace {

class Mpi final : public Backend {
 public:
  std::string name() const override { return "mpi"; }
  std::string description() const override { return "the cpu back end in several processes, by Open MPI"; }
  Support available() const override { return cpu::backend().available(); }
  DeviceFacts device() const override { return {{"MPI", version()}}; }
  std::vector<std::pair<std::string, std::string>> libraries() const override { return {{"mpi", version()}}; }

  DeviceReadings readings() const override {
    if (team().busy()) return {};
    const RankCounts heaviest = team().heaviest();
    return {.rank_cpu_s = heaviest.cpu_s, .rank_bytes = heaviest.bytes, .rank_messages = heaviest.messages};
  }

  Job* join_job() const override { return mpi::join_job(); }
  PackedPairs load_together(const std::string& request,
                            const std::function<PackedPairs(Communicator&)>& load) const override {
    return team().load(request, load);
  }
  Support supports_ranks() const override { return Support::yes(); }

  Support supports(const InrSpec& spec) const override { return cpu::backend().supports(spec); }
  Support supports(const MfSpec& spec) const override { return cpu::backend().supports(spec); }
  Support supports(const TwoTowerSpec& spec) const override { return cpu::backend().supports(spec); }
  Support supports(const DlrmSpec& spec) const override { return cpu::backend().supports(spec); }

  std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const override { return make_ensemble(team(), spec); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const override { return make_factorizer(team(), spec); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const override { return make_two_tower(team(), spec); }
  std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const override { return make_dlrm(team(), spec); }
};

}  // namespace

const Backend& backend() {
  static const Mpi instance;
  return instance;
}

}  // namespace frugal::mpi
