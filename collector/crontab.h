// A crontab's entries, as Debian's cron reads them, and the runs that should come of them.
//
// Source: crontab(5). NAME=value lines hold for the entries below; in a command the first bare %
// ends it (the rest is its input), \% is a %. Only what runs through `logs` can be expected:
// under SHELL=.../logs-sh, or with `logs run` in the command. A job's name is that of
// job_of_command(): what stands after "#job:" in the command's own line (a comment line above
// never reaches the shell, so it names nothing).
//
// Errors:  none: a line that is no entry is told beside those that are.
// Limits:  kMaxCrontab bytes, kMaxEntries; what is longer is told and left out.
// Threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logboom::collector {

inline constexpr std::size_t kMaxCrontab = 1 << 20, kMaxEntries = 5'000;

struct CronEntry {
  int line = 0;          // counted from 1
  std::string schedule;  // parses as CronSchedule
  std::string user;
  std::string command;      // as the shell gets it
  std::string shell, tool;  // SHELL and LOGS_TOOL above it
  friend bool operator==(const CronEntry&, const CronEntry&) = default;
};

struct Crontab {
  std::vector<CronEntry> entries;
  std::vector<std::pair<int, std::string>> bad;  // line, and what is wrong
};

// `owner`: whose crontab it is; empty: the system's format, where each entry names its user.
[[nodiscard]] Crontab parse_crontab(std::string_view text, std::string_view owner);

struct ExpectedRun {
  std::string job;
  std::string tool;  // as wished; whether that counts is tool_of_user()'s to say
  friend bool operator==(const ExpectedRun&, const ExpectedRun&) = default;
};
// Nothing where `logs` takes no part.
[[nodiscard]] std::optional<ExpectedRun> expected_run(const CronEntry& entry);

}  // namespace logboom::collector
