// The ledger: what became of every run of every job, and small durable values of upper layers.
//
// Run events arrive inside batches, on the ordered path of the lines, and are kept in the same
// synced write. A run is the fold of its events: none of them is read before writing, and an event
// that comes twice changes nothing. Which run needs a verdict is kept in that write too
// (`pending`), so no kill can lose one.
//
// Units:   times are UTC nanoseconds.
// Errors:  io, corrupt, full; invalid (a key or value over its limit).
// Limits:  one sample per run and second, kMaxSamples are read; runs are forgotten after the
//          store's retention (a run by its start), with their verdicts and sketches.
// Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/run_event.h"

namespace logboom::store {

struct Ground;

inline constexpr std::size_t kMaxSamples = 2'000;
inline constexpr std::size_t kMaxPending = 10'000;  // of one tool, looked at together
inline constexpr std::size_t kMaxRecordKey = 1024, kMaxRecordValue = 1 << 20;

enum class Outcome : std::uint8_t {
  running,
  succeeded,
  failed,
  suspect,  // exit 0, but a verdict says that it did not do its work
  lost,     // never ended
  missed,   // a tick without a run
  skipped,  // a tick that found the run before it alive
  ended,    // it is over, and nobody knows how
};
[[nodiscard]] std::string_view name(Outcome outcome);
[[nodiscard]] std::optional<Outcome> parse_outcome(std::string_view name);
// Whether a job whose last run ended so is in trouble.
[[nodiscard]] bool is_bad(Outcome outcome);

// A run that another one names.
struct RunRef {
  std::string id = {};  // "": none
  std::int64_t started_ns = 0;
  friend bool operator==(const RunRef&, const RunRef&) = default;
};

// What a verdict says, short enough for lists. The whole of it is `json`, kept beside.
struct Judgement {
  Outcome outcome = Outcome::running;
  std::string cause = {};       // "family/kind"
  std::int32_t confidence = 0;  // of 100
  std::string headline = {}, fingerprint = {};
  RunRef failing_since = {}, last_good = {};
  std::uint32_t failures = 0;  // bad runs in a row, with this one
  friend bool operator==(const Judgement&, const Judgement&) = default;
};

struct Run {
  std::string tool = {}, id = {}, job = {};
  // The last of each kind.
  std::optional<RunEvent> start = {}, end = {}, lost = {}, missed = {}, skipped = {};
  std::optional<RunEvent> last_sample = {};
  std::optional<Judgement> judgement = {};
  bool clock_ahead = false;  // a time above was taken back: its lines may be stamped days later

  // The judgement's; else what the events say: end before lost before missed and skipped.
  [[nodiscard]] Outcome outcome() const;
  // When it began, or should have.
  [[nodiscard]] std::int64_t time_ns() const;
  // When it was over; 0 while it runs.
  [[nodiscard]] std::int64_t end_ns() const;
};

struct RunQuery {
  std::string job = {};                // empty: all jobs
  std::int64_t before_ns = INT64_MAX;  // started before
  std::int64_t since_ns = 0;           // started at or after
  std::size_t limit = 100;
  std::function<bool(const Run&)> wanted = {};  // empty: all
  std::size_t look_at_most = 10'000;            // runs read before it gives up
};

// A batch of changes to records, written together with others or not at all.
struct RecordWrite {
  struct Operation {
    std::string table, key;
    std::optional<std::string> value;  // none: remove
  };
  std::vector<Operation> operations;
  void put(std::string table, std::string key, std::string value) {
    operations.push_back({std::move(table), std::move(key), std::move(value)});
  }
  void remove(std::string table, std::string key) {
    operations.push_back({std::move(table), std::move(key), std::nullopt});
  }

  struct Verdict {
    std::string tool = {}, run = {};
    Judgement judgement = {};
    std::string json = {};
    std::optional<std::string> sketch = {};  // of a good run
    std::string mark = {};                   // of the Pending it answers; a newer one stays pending
  };
  std::vector<Verdict> verdicts;  // each also ends the run's being pending
};

class Ledger {
 public:
  // By id; not_found as nothing. Any tool's: find() (ids are unique for ever).
  [[nodiscard]] Result<std::optional<Run>> run(std::string_view tool, std::string_view id) const;
  [[nodiscard]] Result<std::optional<Run>> find(std::string_view id) const;
  [[nodiscard]] Result<std::vector<RunEvent>> samples(std::string_view tool,
                                                      std::string_view id) const;
  // Newest first; of all jobs: merged by time.
  [[nodiscard]] Result<std::vector<Run>> runs(std::string_view tool, const RunQuery& query) const;
  [[nodiscard]] Result<std::vector<std::string>> jobs(std::string_view tool) const;
  [[nodiscard]] std::vector<std::string> tools() const;  // that have runs or checks
  // The last `check` of every job of which something is expected.
  [[nodiscard]] Result<std::vector<RunEvent>> checks(std::string_view tool) const;

  // The verdict as it was written, and the sketch of a good run; nothing where there is none.
  [[nodiscard]] Result<std::optional<std::string>> verdict(std::string_view tool,
                                                           std::string_view id) const;
  [[nodiscard]] Result<std::optional<std::string>> sketch(std::string_view tool,
                                                          std::string_view id) const;
  // Runs whose end (or lost, missed, skipped) has been committed and not been judged since.
  struct Pending {
    std::string tool, run;
    std::string mark;  // opaque; it differs when the run became pending anew
    friend bool operator==(const Pending&, const Pending&) = default;
  };
  // Of every tool the first in order of time, at most `per_tool` of them; tools take turns, so that
  // none waits for another's. Those that are `free` do not count (at most kMaxPending).
  [[nodiscard]] Result<std::vector<Pending>> pending(
      std::size_t per_tool, const std::function<bool(const Pending&)>& free = {}) const;

  // Small values of upper layers; key and value are theirs. Tables: [a-z_]+. Keys at most 1 KiB,
  // values 1 MiB.
  [[nodiscard]] Result<std::optional<std::string>> record(std::string_view table,
                                                          std::string_view key) const;
  // In order of the keys that start with `prefix`, until `visit` returns false.
  [[nodiscard]] Result<void> each_record(
      std::string_view table, std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const;
  // Synced: after a power cut all of it or nothing.
  [[nodiscard]] Result<void> write(const RecordWrite& changes);

  // Calls after each commit that held events (on the committing thread: be quick, do not call
  // back into the ledger). Ends when the returned object dies.
  [[nodiscard]] std::shared_ptr<void> subscribe(
      std::function<void(const std::string& tool, const RunEvent& event)> committed);

  // Forgets runs that began before the time. Returns how many.
  [[nodiscard]] Result<std::size_t> forget(std::int64_t before_ns);

  explicit Ledger(Ground& ground) : ground_(ground) {}

 private:
  Ground& ground_;
};

}  // namespace logboom::store
