// `logs ping`: tells the server that a job began, ended or failed, in the healthchecks.io scheme.
//
// It stands in scripts that must not fail for it: without --strict only wrong usage has an exit
// code other than 0. Limits: kPingTries, kPingTimeout for each, kMaxPingBody of its message.
#pragma once

#include <chrono>

#include "core/result.h"
#include "ui/cli/arguments.h"
#include "ui/cli/cli.h"
#include "ui/cli/notes.h"

namespace logboom::ui::cli {

inline constexpr int kPingTries = 4;
inline constexpr std::chrono::seconds kPingTimeout{10};
inline constexpr std::size_t kMaxPingBody = 100'000;  // of a longer message its end is sent

[[nodiscard]] Result<int> ping(const Arguments& arguments, Streams& streams, Notes& notes);

}  // namespace logboom::ui::cli
