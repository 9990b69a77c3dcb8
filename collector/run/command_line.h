// The words after `logs run`, and what `logs-sh` was called with, as requests to run something.
//
// Errors:  invalid, with the remedy.
// Threads: any (reads the environment).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/run/wrapper.h"
#include "core/result.h"

namespace logboom::collector {

struct RunLine {
  RunRequest request;
  bool help = false;
};
// [--tool T] [--job J] [--timeout D] [--spool DIR] [--spool-limit MIB] [--] CMD...
[[nodiscard]] Result<RunLine> parse_run_line(const std::vector<std::string>& words);

// `logs-sh -c COMMAND [ARGUMENT...]`. Nothing: /bin/sh is to be executed with the same words
// (anything else than -c; a command that is `logs run` itself, so that it is not recorded twice).
[[nodiscard]] std::optional<RunRequest> parse_shell_line(const std::vector<std::string>& words);
[[nodiscard]] bool is_shell_name(std::string_view program);

// "90", "90s", "5m", "1.5h", "2d". Errors: invalid.
[[nodiscard]] Result<std::chrono::milliseconds> parse_time_limit(std::string_view text);

// LOGS_SPOOL; else /var/spool/logboom for root, and for others where a collector listens there;
// else $XDG_STATE_HOME/logs/spool, ~/.local/state/logs/spool.
[[nodiscard]] std::string default_spool();
inline constexpr std::string_view kSystemSpool = "/var/spool/logboom";

}  // namespace logboom::collector
