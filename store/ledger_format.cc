#include "store/ledger_format.h"

#include <xxhash.h>

#include "store/bytes.h"

namespace logboom::store {
namespace {

constexpr std::string_view kClockAhead = "clock_ahead";  // an event's field here alone

void put_key_text(std::string& key, std::string_view text) {
  key.append(text);
  key.push_back('\0');
}

void put_big(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
}

std::string sealed(std::string value) {
  put_u64(value, XXH64(value.data(), value.size(), 0));
  return value;
}

// The value without its checksum.
Result<std::string_view> opened(std::string_view value) {
  if (value.size() >= 8) {
    const auto body = value.substr(0, value.size() - 8);
    if (ByteReader(value.substr(body.size())).u64() == XXH64(body.data(), body.size(), 0)) {
      return body;
    }
  }
  return fail(Errc::corrupt, "ledger: a value failed its checksum");
}

}  // namespace

std::string ledger_key(LedgerPart part, std::string_view first) {
  std::string key(1, static_cast<char>(part));
  put_key_text(key, first);
  return key;
}

std::string ledger_key(LedgerPart part, std::string_view first, std::string_view second) {
  auto key = ledger_key(part, first);
  put_key_text(key, second);
  return key;
}

std::string event_key(std::string_view tool, const RunEvent& event, std::int64_t ahead_ns) {
  auto key = ledger_key(LedgerPart::event, tool, event.run);
  switch (event.kind) {
    case RunEvent::Kind::start:
      key.push_back('s');
      break;
    case RunEvent::Kind::end:
      key.push_back('e');
      break;
    case RunEvent::Kind::lost:
      key.push_back('l');
      break;
    case RunEvent::Kind::missed:
      key.push_back('m');
      break;
    case RunEvent::Kind::skipped:
      key.push_back('k');
      break;
    default:  // samples come last, so that a list of runs reads only the newest of them
      key.push_back('x');
      put_big(key, ~static_cast<std::uint64_t>(event.time_ns / 1'000'000'000));
      // Those of one commit were taken back to one second.
      if (ahead_ns > 0) {
        put_big(key, ~static_cast<std::uint64_t>((event.time_ns + ahead_ns) / 1'000'000'000));
      }
  }
  return key;
}

std::string job_key(std::string_view tool, std::string_view job, std::int64_t time_ns,
                    std::string_view run) {
  auto key = ledger_key(LedgerPart::job, tool, job);
  put_big(key, ~static_cast<std::uint64_t>(time_ns));
  key.append(run);
  return key;
}

std::string time_key(std::string_view tool, std::int64_t time_ns, std::string_view run) {
  auto key = ledger_key(LedgerPart::time, tool);
  put_big(key, ~static_cast<std::uint64_t>(time_ns));
  key.append(run);
  return key;
}

std::string pending_key(std::string_view tool, std::string_view mark, std::string_view run) {
  auto key = ledger_key(LedgerPart::pending, tool, mark);
  put_key_text(key, run);
  return key;
}

std::string record_key(std::string_view table, std::string_view key) {
  return ledger_key(LedgerPart::record, table).append(key);
}

std::optional<std::string_view> take_text(std::string_view& key) {
  const auto end = key.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const auto text = key.substr(0, end);
  key.remove_prefix(end + 1);
  return text;
}

std::optional<TimedRun> parse_timed_run(std::string_view rest) {
  if (rest.size() <= 8) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<std::uint8_t>(rest[i]);
  return TimedRun{static_cast<std::int64_t>(~number), rest.substr(8)};
}

std::string encode_event(const RunEvent& event, bool clock_ahead) {
  std::string value;
  put_signed(value, event.time_ns);
  for (const auto& [field, text] : fields(event)) {
    put_text(value, field);
    put_text(value, text);
  }
  if (clock_ahead) {
    put_text(value, kClockAhead);
    put_text(value, "1");
  }
  return sealed(std::move(value));
}

Result<RunEvent> decode_event(std::string_view value, bool* clock_ahead) {
  const auto body = opened(value);
  if (!body) return fail(body.error());
  ByteReader reader(*body);
  const auto time_ns = reader.signed_varint();
  std::vector<std::pair<std::string, std::string>> pairs;
  while (reader.ok() && !reader.done()) {
    std::string field(reader.text());
    if (field == kClockAhead && clock_ahead != nullptr) *clock_ahead = true;
    pairs.emplace_back(std::move(field), reader.text());
  }
  if (!reader.ok()) return fail(Errc::corrupt, "ledger: an event cannot be read");
  return parse_run_event(time_ns, pairs);
}

std::string encode_verdict(const Judgement& judgement, std::string_view json) {
  std::string value;
  put_varint(value, 1);  // format
  put_text(value, name(judgement.outcome));
  put_text(value, judgement.cause);
  put_signed(value, judgement.confidence);
  put_text(value, judgement.headline);
  put_text(value, judgement.fingerprint);
  for (const auto* run : {&judgement.failing_since, &judgement.last_good}) {
    put_text(value, run->id);
    put_signed(value, run->started_ns);
  }
  put_varint(value, judgement.failures);
  put_text(value, json);
  return sealed(std::move(value));
}

Result<std::pair<Judgement, std::string>> decode_verdict(std::string_view value) {
  const auto body = opened(value);
  if (!body) return fail(body.error());
  ByteReader reader(*body);
  const auto format = reader.varint();
  Judgement judgement;
  const auto outcome = parse_outcome(reader.text());
  judgement.cause = reader.text();
  judgement.confidence = static_cast<std::int32_t>(reader.signed_varint());
  judgement.headline = reader.text();
  judgement.fingerprint = reader.text();
  for (auto* run : {&judgement.failing_since, &judgement.last_good}) {
    run->id = reader.text();
    run->started_ns = reader.signed_varint();
  }
  judgement.failures = static_cast<std::uint32_t>(reader.varint_upto(UINT32_MAX));
  std::string json(reader.text());
  if (!reader.ok() || format != 1 || !outcome) {
    return fail(Errc::corrupt, "ledger: a verdict cannot be read");
  }
  judgement.outcome = *outcome;
  return std::pair(std::move(judgement), std::move(json));
}

}  // namespace logboom::store
