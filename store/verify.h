// Reads every value of the store and says which are wrong: what a disk did in silence.
//
// A wrong value that holds lines is quarantined, as if it had been read; the rest goes on.
// Errors:  cancelled; io where nothing more can be read. A wrong value is no error but an entry.
// Limits:  kMaxNamed wrong values are named; all are counted.
// Threads: any; the store goes on working meanwhile.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "store/progress.h"

namespace logboom::store {

struct Ground;

inline constexpr std::size_t kMaxNamed = 1000;

struct VerifyReport {
  struct Kind {
    std::string name;  // inbox, blocks, index, minutes, directory, positions, ledger
    std::uint64_t good = 0, bad = 0, bytes = 0;
  };
  std::vector<Kind> kinds;
  struct Bad {
    std::string kind, tool = {}, day = {};  // 20260131; "" where there is none
    std::uint64_t block = 0;                // 0: no block
    std::string what = {}, reason = {};     // what: its key, for people
  };
  std::vector<Bad> named;

  [[nodiscard]] std::uint64_t good() const;
  [[nodiscard]] std::uint64_t bad() const;
};

[[nodiscard]] Result<VerifyReport> verify(Ground& ground, const Progress& progress,
                                          const std::stop_token& stop);

// {"good":..,"bad":..,"kinds":[..],"named":[..]}
[[nodiscard]] std::string json(const VerifyReport& report);

}  // namespace logboom::store
