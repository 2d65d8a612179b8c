#pragma once
#include <memory>

#include "impl/api/dlrm.hpp"
#include "impl/mpi/team.hpp"

namespace frugal::mpi {

/// The cpu's DLRM by all ranks of a team, to which the examples of each step are dealt.
std::unique_ptr<Dlrm> make_dlrm(Team& team, const DlrmSpec& spec);

/// A follower's, whose spec comes.
std::unique_ptr<Follower> follow_dlrm(Team& team);

}  // namespace frugal::mpi
