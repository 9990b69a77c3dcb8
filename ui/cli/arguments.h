// What was typed, checked: the command and its flags. The one place that knows the command-line
// library and every flag's help; command_table.h has the commands and their examples.
//
// Errors: invalid, with the remedy: "unknown command 'serch'; did you mean 'search'?"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/level.h"
#include "core/result.h"
#include "ui/cli/neighbours.h"
#include "ui/cli/output.h"
#include "ui/cli/settings.h"

namespace logboom::ui::cli {

enum class Command : std::uint8_t {
  help,  // `text` is to be printed
  run,   // its flags alone: `logs` runs commands before this program is loaded
  why,
  runs,
  health,
  usage,
  tail,
  show,
  search,
  send,
  ping,
  login,
  logout,
  whoami,
  completion,
  list_jobs,  // what shell completion asks for
  version,
};

// Flags of tail, show and search, some of them also of why, runs, usage and health.
struct View {
  Selection selection;
  std::optional<std::size_t> lines = 200;  // none: all
  bool follow = false;
  std::string since, until, zone;
  TimeStyle times = TimeStyle::clock;
  Level least = Level::unknown;
  bool that_level_only = false;  // `-l warn` without '+'
  Around around;
  bool count = false;
  Format format = Format::text;
  std::vector<std::string> fields;
  std::string colour = "auto";
  bool fail_empty = false, raw_control = false, no_pager = false;
};

struct Arguments {
  Command command = Command::help;
  std::string text;  // help; the shell of `completion`
  Connection connection;
  bool quiet = false;
  View view;
  bool with_token = false;   // login
  std::string subject;       // the job, run or check of why, runs, usage, ping: [TOOL/]NAME
  bool exit_status = false;  // why, health: say by the exit code whether something is wrong
  bool runs_failed = false;  // runs: those alone
  struct Why {
    std::string file;  // "-": standard input; empty: ask the server
    std::vector<std::string> baselines;
    std::optional<std::int64_t> exit_code;
    bool refresh = false;
  } why;
  struct Ping {
    std::string signal;  // start, fail, log, 0 to 255; empty: it went well
    std::string message;
    std::string run, schedule, zone, period, grace;
    bool strict = false;
  } ping;
  struct Send {
    std::string job = "stdin";
    std::vector<std::pair<std::string, std::string>> labels;
  } send;
};

[[nodiscard]] Result<Arguments> parse_arguments(const std::vector<std::string>& arguments);
// The commands people type, with their long flags: for completion.
struct CommandInfo {
  std::string name, purpose;
  std::vector<std::string> flags;
};
[[nodiscard]] std::vector<CommandInfo> commands();

}  // namespace logboom::ui::cli
