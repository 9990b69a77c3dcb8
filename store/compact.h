// Puts the store in order by hand: seals what is there, compresses all blocks for good, also those
// of today, and gives back what was removed.
//
// Errors:  cancelled, full, io; what was done until then stays done.
// Threads: any; the store goes on working meanwhile.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "store/progress.h"

namespace logboom::store {

struct Ground;
class Sealer;

struct CompactReport {
  std::uint64_t sealed_batches = 0;                 // taken out of the inbox
  std::uint64_t recompressed = 0;                   // blocks written for good
  std::uint64_t families = 0;                       // compacted
  std::uint64_t bytes_before = 0, bytes_after = 0;  // of RocksDB's tables
};

[[nodiscard]] Result<CompactReport> compact(Ground& ground, Sealer& sealer,
                                            const Progress& progress, const std::stop_token& stop);

[[nodiscard]] std::string json(const CompactReport& report);

}  // namespace logboom::store
