#pragma once
#include <memory>

#include "impl/api/two_tower.hpp"
#include "impl/mpi/team.hpp"

namespace frugal::mpi {

/// The cpu's two-tower network by all ranks of a team, to which blocks of each step are dealt.
std::unique_ptr<TwoTower> make_two_tower(Team& team, const TwoTowerSpec& spec);

/// A follower's, whose spec comes.
std::unique_ptr<Follower> follow_two_tower(Team& team);

}  // namespace frugal::mpi
