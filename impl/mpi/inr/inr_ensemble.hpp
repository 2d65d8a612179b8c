#pragma once
#include <memory>

#include "impl/api/inr_ensemble.hpp"
#include "impl/mpi/team.hpp"

namespace frugal::mpi {

/// The cpu's ensemble by all ranks of a team, to which its networks are dealt.
std::unique_ptr<InrEnsemble> make_ensemble(Team& team, const InrSpec& spec);

/// A follower's, whose spec comes.
std::unique_ptr<Follower> follow_ensemble(Team& team);

}  // namespace frugal::mpi
