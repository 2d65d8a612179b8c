// Processors' time, in seconds: user and system.
#pragma once

namespace frugal {

/// Of all threads of this process, those that have ended too.
double cpu_seconds_of_process();

/// Of the thread that asks.
double cpu_seconds_of_thread();

}  // namespace frugal
