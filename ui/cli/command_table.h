// The commands of `logs`: names, purposes and examples, as the help and the completion show them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ui/cli/arguments.h"

namespace logboom::ui::cli {

struct CommandRow {
  const char* name;
  Command command;
  const char* group;  // of the overview; empty: not shown
  const char* usage;
  const char* purpose;
  const char* examples;
};

[[nodiscard]] std::span<const CommandRow> command_table();
// Null: no such command.
[[nodiscard]] const CommandRow* find_command(std::string_view name);
// What `logs` alone prints.
[[nodiscard]] std::string commands_help();
[[nodiscard]] Error unknown_command(const std::string& word);

}  // namespace logboom::ui::cli
