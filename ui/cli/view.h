// The commands that read: tail, show, search.
#pragma once

#include "core/result.h"
#include "ui/cli/arguments.h"
#include "ui/cli/cli.h"
#include "ui/cli/notes.h"
#include "ui/cli/settings.h"

namespace logboom::ui::cli {

// How far back the newest lines are looked for without --since: servers keep 30 days, and a stock
// Loki refuses to look further.
inline constexpr std::int64_t kLookBack = 30LL * 86'400 * 1'000'000'000;
// How far ahead of ours a clock that stamped a line may be, without --until.
inline constexpr std::int64_t kClockSkew = 600LL * 1'000'000'000;

// The exit code: kOk or kNothingFound. Errors: see exit_code().
[[nodiscard]] Result<int> view_lines(const Arguments& arguments, const Settings& settings,
                                     Streams& streams, Notes& notes);

}  // namespace logboom::ui::cli
