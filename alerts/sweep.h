// Ends the tables that nothing else ends: incidents that are long over, and what is kept of jobs of
// which the ledger has no run and no check any more.
#pragma once

#include <cstdint>

#include "alerts/records.h"
#include "store/ledger.h"

namespace logboom::alerts {

[[nodiscard]] Result<void> sweep(Records& records, const store::Ledger& ledger,
                                 std::int64_t now_ns);

}  // namespace logboom::alerts
