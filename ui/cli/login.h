// The commands about servers: login, logout, whoami.
#pragma once

#include "core/result.h"
#include "ui/cli/arguments.h"
#include "ui/cli/cli.h"
#include "ui/cli/notes.h"
#include "ui/cli/settings.h"

namespace logboom::ui::cli {

// Checks that the server answers and lets us in, then stores its URL, tool and token.
[[nodiscard]] Result<void> login(const Arguments& arguments, Settings settings, Streams& streams,
                                 Notes& notes);
[[nodiscard]] Result<void> logout(const Settings& settings, Notes& notes);
[[nodiscard]] Result<void> whoami(const Settings& settings, Streams& streams);

}  // namespace logboom::ui::cli
