// What cron should run through `logs`: a `check` for each such entry of the crontabs, `check_gone`
// when it is taken out.
//
// Below `root`: etc/crontab, etc/cron.d/*, var/spool/cron/crontabs/*. They are watched, and looked
// at again regularly. The ticks are in the system's zone (etc/localtime, else etc/timezone): cron
// itself does not know TZ in a crontab. Two entries of one tool with the same job name cannot be
// told apart by their runs: the first counts, the other is told once (name it with `#job: NAME`).
// All checks are told again at each start; which ones there were before is kept in a state file.
//
// Errors:  none: what cannot be read is logged and keeps what was known of it; until all could be
//          read, nothing that only a collector before this one knew is told as gone.
// Limits:  kMaxTables files, kMaxChecks.
// Threads: the collector's only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/crontab.h"
#include "collector/node_events_state.h"
#include "collector/troubles.h"
#include "collector/watcher.h"
#include "core/run_event.h"

namespace logboom::collector {

// The IANA name of the system's zone; "" (UTC) where it has none.
[[nodiscard]] std::string system_zone(const std::string& root);

class CronChecks {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxTables = 20'000, kMaxChecks = 50'000;

  struct Settings {
    std::string root;        // empty: no crontabs are read
    std::string state_file;  // empty: nothing is kept
    std::string node, fallback_tool;
    std::chrono::milliseconds rescan_interval{10'000};
    // False: not now. It is told again at a later look.
    std::function<bool(const std::string& tool, RunEvent)> emit;
  };

  explicit CronChecks(Settings settings);

  // To wait on; -1: none.
  [[nodiscard]] int descriptor() const { return watcher_.descriptor(); }
  void look(Clock::time_point now);

 private:
  using Name = std::pair<std::string, std::string>;  // tool, job
  using Checks = std::map<Name, RunEvent>;           // without a time
  struct Table {
    std::int64_t changed_ns = 0, inode = 0, size = -1;
    std::vector<std::pair<Name, RunEvent>> checks;  // in its order, without a zone
  };

  void scan();
  void scan_directory(const std::string& name, bool of_users, std::set<std::string>& seen);
  void read_table(const std::string& path, const std::string& owner, std::set<std::string>& seen);
  void take(Table& table, const Crontab& crontab, const std::string& path);
  [[nodiscard]] Checks expected();
  void tell(const Checks& now);
  void save();
  bool emit(const Name& name, RunEvent event);
  void trouble(const std::string& path, const std::string& what);
  void once(std::string_view message, const std::string& origin, const std::string& what);

  Settings settings_;
  StateFile file_;
  Watcher watcher_;
  Troubles troubles_;
  std::map<std::string, Table> tables_;  // by path
  Checks told_;
  std::set<Name> from_before_;  // told by a collector before this one, not seen yet
  std::set<std::string> complained_;
  Clock::time_point next_scan_{}, not_before_{};
  std::string zone_;
  bool wants_scan_ = true, unsaved_ = true;
  bool changed_ = true;    // a table, since the last look at all
  bool complete_ = false;  // the last scan could read all
  bool untold_ = false;    // something could not be told
};

}  // namespace logboom::collector
