// An incident: a run of failures of one job, from its first bad run to its recovery. And the rules
// by which one opens, changes, closes and is told: pure, no clock, no disk.
//
// A job has at most one incident of its runs at a time. Another kind of failure meanwhile is a note
// in it. A good run closes it only when it ended after the last bad one. Skipped ticks change
// nothing. A run that is judged again changes nothing unless its outcome turned.
//
// Units: times are UTC nanoseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/ledger.h"

namespace logboom::alerts {

enum class Kind : std::uint8_t { failed, missed, frozen, lost };
[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] std::optional<Kind> parse_kind(std::string_view name);

struct Incident {
  std::string id;  // made from the first bad run, so that doing it again makes no second one
  std::string tool, job;
  Kind kind = Kind::failed;
  std::string fingerprint, cause, headline;  // the last one's
  std::string first_run, last_run, last_good;
  std::int64_t opened_ns = 0, closed_ns = 0;  // closed_ns 0: it is open
  std::int64_t first_bad_ns = 0, last_bad_ns = 0;
  std::int64_t failures = 0;
  std::int64_t good_before = 0;           // runs in a row that were good before it
  std::int64_t messages = 0;              // told of it so far; numbers them
  std::vector<std::string> fingerprints;  // seen in it, at most kMaxFingerprints
  std::vector<std::string> notes;

  static constexpr std::size_t kMaxFingerprints = 20, kMaxNotes = 20;

  [[nodiscard]] bool open() const { return closed_ns == 0; }
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<Incident> decode(std::string_view json);
  // Its key in `incidents`: newest first within the tool.
  [[nodiscard]] std::string key() const;
  friend bool operator==(const Incident&, const Incident&) = default;
};

// What must be remembered of a job between two of its runs.
struct JobState {
  std::string incident;  // key of the last one, open or closed
  std::int64_t good_in_row = 0, bad_in_row = 0;
  std::int64_t last_good_ns = 0;
  std::string last_good;
  bool flapping = false;
  std::vector<std::int64_t> changes;  // when incidents opened and closed in the last 24 h
  std::vector<std::string> judged;    // "+run" or "-run", the last kRemembered

  static constexpr std::size_t kRemembered = 32;
  static constexpr std::int64_t kFlapWindowNs = 24 * 3600 * std::int64_t{1'000'000'000};
  static constexpr std::size_t kFlapChanges = 4;
  static constexpr std::int64_t kSteadyRuns = 3;  // alike in a row end the flapping

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<JobState> decode(std::string_view json);
  friend bool operator==(const JobState&, const JobState&) = default;
};

// One run with its verdict.
struct Judged {
  std::string tool, job, run;
  store::Outcome outcome = store::Outcome::running;
  std::string fingerprint, cause, headline;
  std::int64_t began_ns = 0, ended_ns = 0, now_ns = 0;
};

enum class Tell : std::uint8_t {
  nothing,
  failed,     // it has begun to fail (miss, get lost)
  changed,    // it fails on, differently
  recovered,  // it is good again
  flapping,   // it changes too often: this once, then quiet
  steady,     // three runs alike end the quiet
  frozen,     // a run gives no sign of work
  resumed,    // ... and now does, or has ended
  test,       // somebody wants to see whether messages arrive
};

inline constexpr std::int64_t kMaxChangedTold = 3;  // per incident

struct Step {
  JobState state;
  std::optional<Incident> incident;  // opened or changed
  Tell tell = Tell::nothing;
};
// `last`: the incident that state.incident names.
[[nodiscard]] Step step(JobState state, std::optional<Incident> last, const Judged& judged);

}  // namespace logboom::alerts
