// Which runs under way are frozen: without output and CPU for longer than their job's habit allows.
//
// Only who watches the clock can say that (alerts/schedule: it sees every sample, and the limits
// are its options). It keeps a record while a run is frozen, so that all who ask hear the same.
#pragma once

#include <string>
#include <string_view>

#include "store/ledger.h"

namespace logboom::query {

inline constexpr std::string_view kFrozenRuns =
    "alert_frozen";  // TOOL\0RUN, the key of its incident

[[nodiscard]] inline Result<bool> is_frozen(const store::Ledger& ledger, const store::Run& run) {
  auto known = ledger.record(kFrozenRuns, run.tool + '\0' + run.id);
  if (!known) return fail(std::move(known).error());
  return known->has_value();
}

}  // namespace logboom::query
