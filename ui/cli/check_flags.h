// The texts of flags, made into what the commands work with.
//
// Errors: invalid, naming the flag and what it takes.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "ui/cli/arguments.h"

namespace logboom::ui::cli {

// The texts of flags before they are checked.
struct RawFlags {
  std::string lines = "200", times = "short", level, format = "text", fields;
  std::vector<std::string> labels, files;
  std::size_t context = 0;
  bool no_colour = false;
  std::string topic;  // of help
  std::string runs = "100", exit_code, grace, period;
};

[[nodiscard]] Result<void> check_flags(const RawFlags& raw, Arguments& result);

}  // namespace logboom::ui::cli
