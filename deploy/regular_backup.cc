#include "deploy/regular_backup.h"

#include <utility>

#include "core/log.h"
#include "core/metrics.h"
#include "core/stop.h"
#include "core/time.h"
#include "store/backup.h"

namespace logboom::deploy {
namespace {

constexpr std::chrono::minutes kLook{1};
constexpr std::chrono::minutes kAfterFailure{10};

std::optional<std::int64_t> newest_in(const std::string& directory) {
  const auto names = store::backups_in(directory);
  if (!names || names->empty()) return std::nullopt;
  return store::parse_backup_name(names->back());
}

}  // namespace

bool backup_is_due(std::optional<std::int64_t> newest_ns, std::int64_t now_ns,
                   std::chrono::nanoseconds every) {
  return !newest_ns || *newest_ns > now_ns || now_ns - *newest_ns >= every.count();
}

void run_regular_backups(const RegularBackup& options, store::Store& store, query::LongTasks& tasks,
                         const std::stop_token& stop) {
  auto& made = metrics::counter("logboom_backups_total", "Backups the server made by itself");
  auto& failed = metrics::counter("logboom_backup_failures_total",
                                  "Backups of the server's own that failed, and are tried again");
  std::string told;  // the last failure
  std::chrono::milliseconds pause{0};
  while (sleep_for(stop, std::exchange(pause, kLook))) {
    if (!backup_is_due(newest_in(options.directory), now_ns(), options.every)) continue;
    const auto right = tasks.begin("backup");
    if (!right) continue;  // somebody verifies or compacts: after that
    const auto done =
        store::back_up_into(store, options.directory, options.keep, now_ns(), {}, stop);
    if (done) {
      made.add();
      told.clear();
      log::info("backup made", {{"directory", done->directory},
                                {"bytes", done->manifest.bytes()},
                                {"removed", done->removed.size()}});
      continue;
    }
    if (done.error().code == Errc::cancelled) return;
    failed.add();
    pause = kAfterFailure;
    if (std::exchange(told, done.error().message) != done.error().message)
      log::error("a backup failed and is tried again", {{"error", done.error().message}});
  }
}

}  // namespace logboom::deploy
