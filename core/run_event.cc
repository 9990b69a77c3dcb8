#include "core/run_event.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace logboom {
namespace {

constexpr std::string_view kKinds[] = {"start",  "end",     "sample", "lost",
                                       "missed", "skipped", "check",  "check_gone"};

struct TextField {
  std::string_view name;
  std::string RunEvent::* member;
  std::size_t most;
};
constexpr TextField kTexts[] = {
    {"run", &RunEvent::run, kMaxRunId},
    {"job", &RunEvent::job, kMaxJob},
    {"trigger", &RunEvent::trigger, 40},
    {"command", &RunEvent::command, kMaxCommand},
    {"node", &RunEvent::node, 256},
    {"pod", &RunEvent::pod, 256},
    {"container", &RunEvent::container, 256},
    {"user", &RunEvent::user, 256},
    {"reason", &RunEvent::reason, 256},
    {"message", &RunEvent::message, kMaxCommand},
    {"interpreter", &RunEvent::interpreter, 256},
    {"other", &RunEvent::other, kMaxRunId},
    {"schedule", &RunEvent::schedule, 256},
    {"zone", &RunEvent::zone, 64},
    {"origin", &RunEvent::origin, kMaxCommand},
};

struct NumberField {
  std::string_view name;
  std::int64_t RunEvent::* member;
};
constexpr NumberField kNumbers[] = {
    {"deadline_ms", &RunEvent::deadline_ms},
    {"memory_limit_bytes", &RunEvent::memory_limit_bytes},
    {"exit_code", &RunEvent::exit_code},
    {"signal", &RunEvent::signal},
    {"core_dumped", &RunEvent::core_dumped},
    {"timed_out", &RunEvent::timed_out},
    {"exec_errno", &RunEvent::exec_errno},
    {"oom_kills", &RunEvent::oom_kills},
    {"stop_signal", &RunEvent::stop_signal},
    {"wall_ms", &RunEvent::wall_ms},
    {"lines", &RunEvent::lines},
    {"lost_bytes", &RunEvent::lost_bytes},
    {"quiet_ms", &RunEvent::quiet_ms},
    {"quiet_cpu_ms", &RunEvent::quiet_cpu_ms},
    {"max_quiet_ms", &RunEvent::max_quiet_ms},
    {"cpu_ms", &RunEvent::cpu_ms},
    {"memory_bytes", &RunEvent::memory_bytes},
    {"throttled_ms", &RunEvent::throttled_ms},
    {"processes", &RunEvent::processes},
    {"read_bytes", &RunEvent::read_bytes},
    {"written_bytes", &RunEvent::written_bytes},
    {"grace_ms", &RunEvent::grace_ms},
};

constexpr std::size_t kMaxSources = 64;
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// "name@position name@position"; a source's name has no space.
std::string sources_text(const RunEvent& event) {
  std::string text;
  for (const auto& [source, position] : event.sources) {
    if (!text.empty()) text += ' ';
    text += source + "@" + std::to_string(position);
  }
  return text;
}

Result<void> parse_sources(std::string_view text, RunEvent& event) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto at = word.rfind('@');
    std::uint64_t position = 0;
    if (at == std::string_view::npos || at == 0 || !parse_number(word.substr(at + 1), position) ||
        event.sources.size() == kMaxSources) {
      return fail(Errc::invalid, "run event: field 'sources'");
    }
    event.sources.emplace_back(word.substr(0, at), position);
  }
  return {};
}

Result<void> take(std::string_view field, std::string_view value, RunEvent& event) {
  for (const auto& text : kTexts) {
    if (text.name != field) continue;
    if (value.size() > text.most) {
      return fail(Errc::invalid, "run event: field '" + std::string(field) + "' is too long");
    }
    event.*text.member = value;
    return {};
  }
  for (const auto& number : kNumbers) {
    if (number.name != field) continue;
    if (!parse_number(value, event.*number.member)) {
      return fail(Errc::invalid, "run event: field '" + std::string(field) + "' is no number");
    }
    return {};
  }
  if (field == "sources") return parse_sources(value, event);
  if (field != kEventName) return {};
  const auto* kind = std::find(std::begin(kKinds), std::end(kKinds), value);
  if (kind == std::end(kKinds)) {
    return fail(Errc::invalid,
                "run event: unknown kind '" + std::string(value.substr(0, 40)) + "'");
  }
  event.kind = static_cast<RunEvent::Kind>(kind - std::begin(kKinds));
  return {};
}

Result<RunEvent> checked(RunEvent event) {
  const bool of_job =
      event.kind == RunEvent::Kind::check || event.kind == RunEvent::Kind::check_gone;
  if (of_job ? event.job.empty() : !valid_run_id(event.run)) {
    return fail(Errc::invalid, of_job ? "run event: no job" : "run event: no valid run id");
  }
  return event;
}

template <class Fields>
Result<RunEvent> parse(std::int64_t time_ns, const Fields& fields) {
  RunEvent event;
  event.time_ns = time_ns;
  for (const auto& [field, value] : fields) {
    if (auto taken = take(field, value, event); !taken) return fail(std::move(taken).error());
  }
  return checked(std::move(event));
}

std::string sentence(const RunEvent& event) {
  std::string text =
      event.run.empty() ? "job " + event.job : "run " + event.run + " of " + event.job;
  text += ": ";
  text += name(event.kind);
  if (event.exit_code >= 0) text += ", exit code " + std::to_string(event.exit_code);
  if (event.signal > 0) text += ", signal " + std::to_string(event.signal);
  return text;
}

std::string id_text(std::uint64_t bits) {
  std::string id(12, '0');
  for (auto& c : id) {
    c = kAlphabet[bits & 31];
    bits >>= 5;
  }
  return id;
}

}  // namespace

std::string_view name(RunEvent::Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::vector<std::pair<std::string, std::string>> fields(const RunEvent& event) {
  std::vector<std::pair<std::string, std::string>> result;
  result.emplace_back(kEventName, name(event.kind));
  for (const auto& text : kTexts) {
    const auto& value = event.*text.member;
    if (!value.empty()) result.emplace_back(text.name, value.substr(0, text.most));
  }
  for (const auto& number : kNumbers) {
    if (event.*number.member >= 0) {
      result.emplace_back(number.name, std::to_string(event.*number.member));
    }
  }
  if (!event.sources.empty()) result.emplace_back("sources", sources_text(event));
  return result;
}

Result<RunEvent> parse_run_event(std::int64_t time_ns,
                                 const std::vector<std::pair<std::string, std::string>>& fields) {
  return parse(time_ns, fields);
}

Record to_record(const RunEvent& event, Arena& arena) {
  Record record;
  record.time_ns = event.time_ns;
  record.body = arena.copy(sentence(event));
  for (const auto& [field, value] : fields(event)) {
    record.metadata.emplace_back(arena.copy(field), arena.copy(value));
  }
  return record;
}

bool is_event(const Record& record) {
  return std::any_of(record.metadata.begin(), record.metadata.end(),
                     [](const Attribute& pair) { return pair.first == kEventName; });
}

Result<RunEvent> event_of(const Record& record) { return parse(record.time_ns, record.metadata); }

std::string new_run_id() {
  std::random_device random;
  return id_text((std::uint64_t{random()} << 32) | random());
}

std::string run_id_of(std::string_view name) {
  return id_text(XXH3_64bits(name.data(), name.size()));
}

bool valid_run_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRunId && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

}  // namespace logboom
