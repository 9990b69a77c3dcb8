#include "collector/run/local_runs.h"

#include <dirent.h>

#include "collector/run/spool_file.h"
#include "core/stop.h"

namespace logboom::collector {
namespace {

constexpr std::size_t kMaxLooked = 10'000;
constexpr std::chrono::milliseconds kLook{50};

}  // namespace

std::vector<std::string> local_runs(const std::string& spool, std::string_view job) {
  std::vector<std::string> runs;
  DIR* const listing = ::opendir(spool.c_str());
  if (listing == nullptr) return runs;
  for (std::size_t looked = 0; looked < kMaxLooked;) {
    const auto* const entry = ::readdir(listing);
    if (entry == nullptr) break;
    const auto run = run_of_spool(entry->d_name);
    if (run.empty()) continue;
    ++looked;
    const auto file = open_spool(spool + "/" + entry->d_name, run);
    if (!file || !file->finished) continue;
    if (job.empty() || field(file->header.fields, "job") == job) runs.push_back(run);
  }
  ::closedir(listing);
  return runs;
}

bool wait_for_local_runs(const std::string& spool, std::string_view job,
                         std::chrono::milliseconds most, std::stop_token stop) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!local_runs(spool, job).empty()) {
    if (std::chrono::steady_clock::now() >= deadline || !sleep_for(stop, kLook)) return false;
  }
  return true;
}

}  // namespace logboom::collector
