// Completion scripts for shells: commands, flags, and the tool's jobs asked from the server.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom::ui::cli {

// `shell`: bash, zsh or fish. Errors: invalid.
[[nodiscard]] Result<std::string> completion_script(std::string_view shell);

}  // namespace logboom::ui::cli
