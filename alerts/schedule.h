// Looks at the clock for everybody: ticks without a run, runs that never end, runs that freeze.
//
// What it finds becomes run events through the intake (missed, skipped, lost), so that every server
// that reads the lines comes to the same ledger; their names are made from job and tick, so finding
// them again makes no second one. Only a frozen run is no event: it is told to `frozen`.
//
// Units:   times are UTC nanoseconds.
// Limits:  kMaxRunning runs and kMaxChecks checks are watched, kMaxCatchUp ticks of one check are
//          made up for after an outage. Of more than kMaxQueue events between two looks none is
//          kept: the ledger is read again.
// Threads: tick() from one; the ledger's committing thread only fills a queue.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "alerts/options.h"
#include "alerts/records.h"
#include "alerts/watch.h"
#include "query/intake.h"
#include "store/ledger.h"

namespace logboom::alerts {

class Schedule {
 public:
  static constexpr std::size_t kMaxRunning = 100'000, kMaxChecks = 200'000, kMaxCatchUp = 50,
                               kMaxQueue = 10'000;

  struct Seams {
    store::Ledger* ledger = nullptr;
    Records* records = nullptr;
    query::Intake* intake = nullptr;
    // Whether a run wrote lines since then.
    std::function<bool(const std::string& tool, const std::string& run, std::int64_t since_ns)>
        has_lines;
    // A run has frozen, or gives a sign of work again (`limit_ms` 0), or has ended (`ended`).
    std::function<void(const LiveRun& run, std::int64_t limit_ms, bool ended)> frozen;
  };

  // Reads what is under way and expected. Owns nothing.
  static Result<std::unique_ptr<Schedule>> open(const Options& options, Seams seams);
  virtual ~Schedule() = default;
  // Looks at everything that is due. After an error it is due again.
  [[nodiscard]] virtual Result<void> tick(std::int64_t now_ns) = 0;
};

// The id of the missed or skipped run of a tick.
[[nodiscard]] std::string tick_run_id(std::string_view tool, std::string_view job,
                                      std::int64_t tick_ns);

}  // namespace logboom::alerts
