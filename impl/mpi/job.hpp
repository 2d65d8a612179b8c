// The job that this process is a rank of; in a program that is none, a team of one.
#pragma once
#include "impl/common/job.hpp"
#include "impl/mpi/team.hpp"

namespace frugal::mpi {

/// Who computes the models that this process makes.
Team& team();

/// Backend::join_job().
Job* join_job();

}  // namespace frugal::mpi
