// Runs of this machine that the server does not have yet.
//
// Threads: any.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::collector {

// The ids of ended runs still in the spool; `job` empty: of all jobs. Left out are
// living runs, and files that cannot be read or that no shipper takes for a run's.
[[nodiscard]] std::vector<std::string> local_runs(const std::string& spool, std::string_view job);

// Waits until there is none left, `most` has passed, or a stop is asked for. True: none is left.
bool wait_for_local_runs(const std::string& spool, std::string_view job,
                         std::chrono::milliseconds most, std::stop_token stop);

}  // namespace logboom::collector
