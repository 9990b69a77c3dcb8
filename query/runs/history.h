// What came before a run: its job's good runs, since when it fails, whether it failed so before.
//
// Errors:  the ledger's.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "query/why/why.h"
#include "store/store.h"

namespace logboom::query {

inline constexpr std::size_t kGoodRuns = 10;     // that a run is compared with
inline constexpr std::size_t kLookBack = 1'000;  // runs of the job that are looked at
inline constexpr std::size_t kLookBehind = 16;   // ... behind one whose verdict knows the rest

struct History {
  std::vector<store::Run> good = {};  // before it, newest first
  store::RunRef last_good = {};
  // The first bad run after the last good one, if this one is bad: itself, if none came before it.
  store::RunRef failing_since = {};
  // The same of a skipped run: the first after the last good one that was bad or skipped.
  store::RunRef skipping_since = {};
  std::uint64_t failures = 1;  // bad runs since then, this one included
};

// As of the run: what came later does not count.
[[nodiscard]] Result<History> history_of(const store::Ledger& ledger, const store::Run& run);
[[nodiscard]] store::RunRef ref_of(const store::Run& run);
// What the good runs look like. A run without a sketch is read again.
[[nodiscard]] Result<std::vector<why::Sketch>> sketches_of(store::Store& store,
                                                           const std::vector<store::Run>& good);

// The run that first failed so, by (tool, job, fingerprint): a record of the ledger.
[[nodiscard]] Result<store::RunRef> first_seen(const store::Ledger& ledger, const store::Run& run,
                                               std::string_view fingerprint);
void remember_first_seen(const store::Run& run, std::string_view fingerprint,
                         store::RecordWrite& write);

}  // namespace logboom::query
