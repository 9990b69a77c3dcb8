// The keys and values of the family `ledger`. FORMAT.md draws them.
//
// Texts inside keys end with a zero byte, so none may hold one; numbers are big-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"
#include "core/run_event.h"
#include "store/ledger.h"

namespace logboom::store {

enum class LedgerPart : char {
  event = 'e',    // tool, run, kind [, second [, second]]: an event
  job = 'j',      // tool, job, newest first, run: nothing
  time = 'w',     // tool, newest first, run: nothing
  tool = 'l',     // tool: nothing
  owner = 'r',    // run: tool
  pending = 'p',  // tool, mark, run: nothing
  check = 'c',    // tool, job: an event
  verdict = 'v',  // tool, run: judgement, json
  sketch = 'k',   // tool, run: the upper layer's bytes
  record = 't',   // table, key: the upper layer's bytes
};

// PART text \0 text \0 ...
[[nodiscard]] std::string ledger_key(LedgerPart part, std::string_view first);
[[nodiscard]] std::string ledger_key(LedgerPart part, std::string_view first,
                                     std::string_view second);
// `ahead_ns`: by how much its time was taken back.
[[nodiscard]] std::string event_key(std::string_view tool, const RunEvent& event,
                                    std::int64_t ahead_ns = 0);
[[nodiscard]] std::string job_key(std::string_view tool, std::string_view job, std::int64_t time_ns,
                                  std::string_view run);
[[nodiscard]] std::string time_key(std::string_view tool, std::int64_t time_ns,
                                   std::string_view run);
[[nodiscard]] std::string pending_key(std::string_view tool, std::string_view mark,
                                      std::string_view run);
[[nodiscard]] std::string record_key(std::string_view table, std::string_view key);

// Takes the next text off a key's rest; nothing when it is not there.
[[nodiscard]] std::optional<std::string_view> take_text(std::string_view& key);
// What follows the names in a job key and in a time key.
struct TimedRun {
  std::int64_t time_ns = 0;
  std::string_view run;
};
[[nodiscard]] std::optional<TimedRun> parse_timed_run(std::string_view rest);

// A value with its checksum. `clock_ahead`: its time was taken back; unchanged where it was not.
[[nodiscard]] std::string encode_event(const RunEvent& event, bool clock_ahead = false);
[[nodiscard]] Result<RunEvent> decode_event(std::string_view value, bool* clock_ahead = nullptr);
[[nodiscard]] std::string encode_verdict(const Judgement& judgement, std::string_view json);
[[nodiscard]] Result<std::pair<Judgement, std::string>> decode_verdict(std::string_view value);

}  // namespace logboom::store
