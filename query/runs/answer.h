// Runs and verdicts as the JSON that programs read.
//
// Times are RFC 3339 in UTC, durations milliseconds, sizes bytes; what is not known is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/why/why.h"
#include "store/ledger.h"

namespace logboom::query {

// An object or array in the making. Keeps the commas.
class Json {
 public:
  Json& open(char bracket);   // { or [
  Json& close(char bracket);  // } or ]
  Json& name(std::string_view name);
  Json& text(std::string_view value);
  Json& number(std::int64_t value);
  Json& raw(std::string_view json);

  // Members; the optional kinds leave out what is empty or negative.
  Json& member(std::string_view name, std::string_view value);
  Json& member(std::string_view name, std::int64_t value);
  Json& flag(std::string_view name, bool value);
  Json& optional(std::string_view name, std::string_view value);
  Json& optional(std::string_view name, std::int64_t value);
  Json& time(std::string_view name, std::int64_t time_ns);

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// `name`: {"run","started"}; `or_null`: null where there is none, else nothing.
void append_ref(Json& json, std::string_view name, const store::RunRef& run, bool or_null = false);
// RUN as an object; with `open_end` without its closing bracket, for more members.
void append_run(Json& json, const store::Run& run, bool open_end = false);
void append_sample(Json& json, const RunEvent& sample);
// The short form of lists: id, outcome, started, wall_ms, cpu_ms, peak_bytes.
void append_brief(Json& json, const store::Run& run);

struct VerdictAnswer {
  const store::Run& run;
  const why::Verdict& verdict;
  const std::vector<why::LogLine>& lines;
  store::RunRef failing_since = {}, last_good = {}, first_seen = {};
  std::uint64_t failures = 0;
  std::uint64_t dropped_lines = 0;  // of a long run's middle, not looked at
  bool complete = true;             // all its lines had arrived
};
[[nodiscard]] std::string verdict_json(const VerdictAnswer& answer);

// SIGKILL for 9.
[[nodiscard]] std::string_view signal_name(std::int64_t number);

}  // namespace logboom::query
