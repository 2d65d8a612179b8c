#pragma once
#include <memory>

#include "impl/api/matrix_factorizer.hpp"
#include "impl/mpi/team.hpp"

namespace frugal::mpi {

/// The cpu's factorizer by all ranks of a team: iALS deals the rows to them, logistic SGD the groups of its schedule.
std::unique_ptr<MatrixFactorizer> make_factorizer(Team& team, const MfSpec& spec);

/// A follower's, whose spec comes.
std::unique_ptr<Follower> follow_factorizer(Team& team);

}  // namespace frugal::mpi
