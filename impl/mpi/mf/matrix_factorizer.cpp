#include "impl/mpi/mf/matrix_factorizer.hpp"

#include <vector>

#include "impl/cpu/mf/matrix_factorizer.hpp"
#include "impl/mpi/following.hpp"
#include "impl/mpi/leading.hpp"

namespace frugal::mpi {
namespace {

class LeadingFactorizer final : public Leading<MatrixFactorizer> {
 public:
  LeadingFactorizer(Team& team, const MfSpec& spec)
      : Leading(team, Call::make_mf, [&] {
          tell(team.ranks(), spec);
          return cpu::make(spec, team.ranks());
        }) {}

  void set_interactions(std::span<const Interaction> positives) override {
    model().set_interactions(positives);
    interactions_set_ = true;
    call(Call::set_data, 0, [&] { tell_values(ranks(), positives); });
  }

  std::vector<double> train(int epochs) override {
    if (!interactions_set_) return model().train(epochs);  // throws
    return call(Call::train, static_cast<std::uint64_t>(epochs), [&] { return model().train(epochs); });
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override { return model().rank(queries); }

 private:
  bool interactions_set_ = false;
};

class FollowingFactorizer final : public Following<MatrixFactorizer> {
 public:
  explicit FollowingFactorizer(Communicator& ranks) : Following(ranks, cpu::make(hear<MfSpec>(ranks), ranks)) {}

 private:
  void take_data() override { model().set_interactions(hear_values<std::vector<Interaction>>(ranks())); }
};

}  // namespace

std::unique_ptr<MatrixFactorizer> make_factorizer(Team& team, const MfSpec& spec) {
  return std::make_unique<LeadingFactorizer>(team, spec);
}

std::unique_ptr<Follower> follow_factorizer(Communicator& ranks) {
  return std::make_unique<FollowingFactorizer>(ranks);
}

}  // namespace frugal::mpi
