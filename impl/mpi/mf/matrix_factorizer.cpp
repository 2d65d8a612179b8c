#include "impl/mpi/mf/matrix_factorizer.hpp"

#include <stdexcept>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/cpu/mf/matrix_factorizer.hpp"
#include "impl/mpi/following.hpp"
#include "impl/mpi/leading.hpp"

namespace frugal::mpi {
namespace {

class LeadingFactorizer final : public Leading<MatrixFactorizer> {
 public:
  LeadingFactorizer(Team& team, const MfSpec& spec)
      : Leading(team, Call::make_mf,
                [&] {
                  tell(team.ranks(), spec);
                  return cpu::make(spec, team.ranks());
                }),
        spec_(spec) {}

  void set_interactions(std::span<const Interaction> positives) override { set_packed_interactions(positives); }

  void set_packed_interactions(const PackedPairs& positives) override {
    const std::uint64_t loaded = positives.is_spread() ? positives.lender()->number() : 0;
    if (loaded == 0) require_in_range(positives, spec_.users, spec_.items);  // must be found before the others are told
    call(Call::set_data, loaded, [&] { model().set_packed_interactions(positives); });
    interactions_set_ = true;
  }

  std::vector<double> train(int epochs) override {
    if (!interactions_set_) return model().train(epochs);  // throws
    return call(Call::train, static_cast<std::uint64_t>(epochs), [&] { return model().train(epochs); });
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override { return model().rank(queries); }

 private:
  MfSpec spec_;
  bool interactions_set_ = false;
};

class FollowingFactorizer final : public Following<MatrixFactorizer> {
 public:
  explicit FollowingFactorizer(Team& team)
      : Following(team.ranks(), cpu::make(hear<MfSpec>(team.ranks()), team.ranks())), team_(team) {}

 private:
  void take_data(std::uint64_t loaded) override {
    if (loaded > 0) return model().set_packed_interactions(team_.loaded(loaded));
    try {
      model().set_interactions({});           // rank 0's are dealt
    } catch (const std::invalid_argument&) {  // as on rank 0, who tells of it
    }
  }

  Team& team_;
};

}  // namespace

std::unique_ptr<MatrixFactorizer> make_factorizer(Team& team, const MfSpec& spec) {
  return std::make_unique<LeadingFactorizer>(team, spec);
}

std::unique_ptr<Follower> follow_factorizer(Team& team) { return std::make_unique<FollowingFactorizer>(team); }

}  // namespace frugal::mpi
