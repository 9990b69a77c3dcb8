// The small durable values this folder keeps, wherever they lie: the ledger's records, or a map in
// a test.
//
// Tables of this folder (keys and values are text; values JSON unless said otherwise):
//   alert_jobs      TOOL\0JOB                   JobState
//   alert_frozen    TOOL\0RUN                   while it is frozen: its incident's key, bytes;
//                                               query::kFrozenRuns, health reads it
//   incidents       TOOL\0<newest first>ID      Incident
//   incident_keys   ID                          its key in `incidents`
//   alert_outbox    ID                          what is to be sent, to whom
//   alert_message   ID                          the message itself, bytes
//   alert_held      TOOL\0RECIPIENT\0ID         a line of the next digest
//   alert_dead      ID                          what could not be sent, and why
//   alert_ticks     TOOL\0JOB                   up to where a check has been looked at
//   alert_silent    RECIPIENT\0TOOL             who wants to hear no more of a tool
//   alert_secret    unsubscribe                 the key of the links in mails, bytes
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "store/ledger.h"

namespace logboom::alerts {

// Threads: any.
class Records {
 public:
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  virtual ~Records() = default;
  [[nodiscard]] virtual Result<std::optional<std::string>> get(std::string_view table,
                                                               std::string_view key) const = 0;
  // In order of the keys that start with `prefix`, until `visit` returns false.
  [[nodiscard]] virtual Result<void> each(std::string_view table, std::string_view prefix,
                                          const Visit& visit) const = 0;
  // Synced: all of it or nothing.
  [[nodiscard]] virtual Result<void> write(const store::RecordWrite& changes) = 0;
};

// Those of a ledger, which must outlive it.
class LedgerRecords final : public Records {
 public:
  explicit LedgerRecords(store::Ledger& ledger) : ledger_(ledger) {}
  Result<std::optional<std::string>> get(std::string_view table,
                                         std::string_view key) const override {
    return ledger_.record(table, key);
  }
  Result<void> each(std::string_view table, std::string_view prefix,
                    const Visit& visit) const override {
    return ledger_.each_record(table, prefix, visit);
  }
  Result<void> write(const store::RecordWrite& changes) override { return ledger_.write(changes); }

 private:
  store::Ledger& ledger_;
};

// As `records` will be once `changes` are written.
[[nodiscard]] Result<std::optional<std::string>> get_through(const Records& records,
                                                             const store::RecordWrite& changes,
                                                             std::string_view table,
                                                             std::string_view key);

// TOOL\0JOB and the like.
[[nodiscard]] std::string joined_key(std::string_view first, std::string_view second);

}  // namespace logboom::alerts
