// `logs run`: one command, run as it would run by itself, and what became of it.
//
// What the command sees is its own: descriptors, environment (plus LOGS_RUN_ID, LOGS_JOB,
// LOGS_TOOL), process group, terminal, signals. Its output goes on unchanged, each stream apart; a
// stream that nobody reads holds up that stream alone. Nothing of ours is printed, except that a
// command cannot be executed.
// Errors:  none: a spool that cannot be written costs the record, never the run.
// Threads: one caller, which has no others; the process is meant to end afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace logboom::collector {

struct RunRequest {
  std::vector<std::string> command;  // not empty
  std::string command_text;          // as typed
  std::string trigger = "command";
  std::string job;
  std::string tool;  // as wished; empty: whose it is by its user
  std::string spool;
  std::uint64_t limit_bytes = 64 << 20;  // of disk
  std::optional<std::chrono::milliseconds> timeout;
  std::function<void()> start_sender;  // called where no collector is there
};

// How the command ended, and how the wrapper should end in turn.
struct RunEnd {
  int exit_code = 0;
  int signal = 0;  // the command was killed by it
};

// After its timeout the command gets SIGTERM, and so long later SIGKILL: enough to roll back and
// tidy up, and over before cron's next minute.
inline constexpr std::chrono::seconds kKillGrace{10};

[[nodiscard]] RunEnd run_wrapped(const RunRequest& request);
// Ends this process the same way: by the same signal (without a core of its own), or the exit code.
[[noreturn]] void end_like(const RunEnd& end);

}  // namespace logboom::collector
