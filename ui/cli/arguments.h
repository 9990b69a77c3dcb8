// What was typed, checked: the command and its flags. The one place that knows the command-line
// library, every flag's help, and the commands' examples.
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
  tail,
  show,
  search,
  send,
  login,
  logout,
  whoami,
  completion,
  list_jobs,  // what shell completion asks for
  version,
};

// Flags of tail, show and search.
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
  bool with_token = false;  // login
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
