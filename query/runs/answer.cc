#include "query/runs/answer.h"

#include <string.h>

#include <algorithm>

#include "core/json.h"
#include "core/time.h"

namespace logboom::query {
namespace {

std::string_view view_of(char& c) { return {&c, 1}; }

std::int64_t wall_ms(const store::Run& run) {
  if (run.end && run.end->wall_ms >= 0) return run.end->wall_ms;
  if (run.end && run.start) return (run.end->time_ns - run.start->time_ns) / 1'000'000;
  return -1;
}

std::int64_t peak_bytes(const store::Run& run) { return run.end ? run.end->memory_bytes : -1; }

std::int64_t limit_bytes(const store::Run& run) {
  for (const auto* event : {&run.end, &run.last_sample, &run.start}) {
    if (*event && (*event)->memory_limit_bytes > 0) return (*event)->memory_limit_bytes;
  }
  return -1;
}

void append_judgement(Json& json, const store::Judgement& judgement) {
  json.optional("class", judgement.cause);
  json.name("confidence")
      .raw(std::to_string(judgement.confidence / 100) + "." +
           (judgement.confidence % 100 < 10 ? "0" : "") +
           std::to_string(judgement.confidence % 100));
  json.optional("headline", judgement.headline);
  json.optional("fingerprint", judgement.fingerprint);
  append_ref(json, "failing_since", judgement.failing_since);
  append_ref(json, "last_good", judgement.last_good);
}

void append_start(Json& json, const RunEvent& start) {
  json.optional("trigger", start.trigger).optional("command", start.command);
  json.optional("node", start.node).optional("pod", start.pod);
  json.optional("container", start.container).optional("user", start.user);
  json.optional("deadline_ms", start.deadline_ms);
}

void append_end(Json& json, const RunEvent& end) {
  json.optional("exit_code", end.exit_code);
  if (end.signal > 0) {
    json.member("signal", end.signal).optional("signal_name", signal_name(end.signal));
  }
  if (end.timed_out > 0) json.flag("timed_out", true);
  json.optional("exec_errno", end.exec_errno).optional("oom_kills", end.oom_kills);
  json.optional("stop_signal", end.stop_signal);
  json.optional("reason", end.reason).optional("message", end.message);
  json.optional("lines", end.lines).optional("lost_bytes", end.lost_bytes);
  json.optional("max_quiet_ms", end.max_quiet_ms);
}

void append_excerpt_lines(Json& json, const VerdictAnswer& answer) {
  json.name("excerpt_lines").open('[');
  for (const auto& line : answer.lines) {
    const bool shown = std::any_of(
        answer.verdict.excerpt.begin(), answer.verdict.excerpt.end(), [&](const auto& range) {
          return line.number >= range.first && line.number <= range.second;
        });
    if (!shown) continue;
    json.open('{').member("n", line.number);
    json.member("text", line.text).close('}');
  }
  json.close(']');
}

}  // namespace

Json& Json::open(char bracket) {
  // After a name there is a ':', and no comma belongs there.
  if (!out_.empty() && out_.back() != ':') append_json_comma(out_);
  out_.append(view_of(bracket));
  return *this;
}
Json& Json::close(char bracket) {
  out_.append(view_of(bracket));
  return *this;
}
Json& Json::name(std::string_view name) {
  append_json_name(out_, name);
  return *this;
}
Json& Json::text(std::string_view value) {
  if (!out_.empty() && out_.back() != ':') append_json_comma(out_);
  append_json_string(out_, value);
  return *this;
}
Json& Json::number(std::int64_t value) { return raw(std::to_string(value)); }
Json& Json::raw(std::string_view json) {
  if (!out_.empty() && out_.back() != ':') append_json_comma(out_);
  out_.append(json);
  return *this;
}
Json& Json::member(std::string_view name, std::string_view value) {
  append_json_name(out_, name);
  append_json_string(out_, value);
  return *this;
}
Json& Json::member(std::string_view name, std::int64_t value) {
  append_json_name(out_, name);
  out_ += std::to_string(value);
  return *this;
}
Json& Json::flag(std::string_view name, bool value) {
  append_json_name(out_, name);
  out_ += value ? "true" : "false";
  return *this;
}
Json& Json::optional(std::string_view name, std::string_view value) {
  return value.empty() ? *this : member(name, value);
}
Json& Json::optional(std::string_view name, std::int64_t value) {
  return value < 0 ? *this : member(name, value);
}
Json& Json::time(std::string_view name, std::int64_t time_ns) {
  return time_ns == 0 ? *this : member(name, format_rfc3339(time_ns, 3));
}

void append_ref(Json& json, std::string_view name, const store::RunRef& run, bool or_null) {
  if (!run.id.empty()) {
    json.name(name).open('{').member("run", run.id).time("started", run.started_ns).close('}');
  } else if (or_null) {
    json.name(name).raw("null");
  }
}

void append_run(Json& json, const store::Run& run, bool open_end) {
  json.open('{').member("id", run.id).member("tool", run.tool).member("job", run.job);
  json.member("outcome", store::name(run.outcome()));
  if (run.start) append_start(json, *run.start);
  json.time("started", run.time_ns()).time("ended", run.end_ns());
  json.optional("wall_ms", wall_ms(run));
  if (run.end) append_end(json, *run.end);
  const auto& latest = run.end ? run.end : run.last_sample;
  if (latest) {
    json.optional("cpu_ms", latest->cpu_ms);
    json.optional(run.end ? "peak_bytes" : "memory_bytes", latest->memory_bytes);
    json.optional("read_bytes", latest->read_bytes);
    json.optional("written_bytes", latest->written_bytes);
    json.optional("throttled_ms", latest->throttled_ms);
    json.optional("quiet_ms", latest->quiet_ms);
  }
  json.optional("memory_limit_bytes", limit_bytes(run));
  for (const auto* event : {&run.skipped, &run.missed}) {
    if (*event && !(*event)->other.empty()) {
      json.member("other", (*event)->other);
      break;
    }
  }
  if (run.judgement) append_judgement(json, *run.judgement);
  if (!open_end) json.close('}');
}

void append_brief(Json& json, const store::Run& run) {
  json.open('{').member("id", run.id).member("outcome", store::name(run.outcome()));
  json.time("started", run.time_ns()).optional("wall_ms", wall_ms(run));
  json.optional("cpu_ms", run.end ? run.end->cpu_ms : -1);
  json.optional("peak_bytes", peak_bytes(run)).close('}');
}

void append_sample(Json& json, const RunEvent& sample) {
  json.open('{').time("t", sample.time_ns);
  json.optional("cpu_ms", sample.cpu_ms).optional("memory_bytes", sample.memory_bytes);
  json.optional("memory_limit_bytes", sample.memory_limit_bytes);
  json.optional("processes", sample.processes).optional("throttled_ms", sample.throttled_ms);
  json.optional("read_bytes", sample.read_bytes).optional("written_bytes", sample.written_bytes);
  json.optional("quiet_ms", sample.quiet_ms).close('}');
}

std::string verdict_json(const VerdictAnswer& answer) {
  Json json;
  json.open('{').member("run", answer.run.id).member("tool", answer.run.tool);
  json.member("job", answer.run.job);
  // The engine's members, without its brackets.
  const auto engine = why::to_json(answer.verdict);
  if (engine.size() > 2) json.raw(std::string_view(engine).substr(1, engine.size() - 2));
  append_ref(json, "failing_since", answer.failing_since, true);
  append_ref(json, "last_good", answer.last_good, true);
  append_ref(json, "first_seen", answer.first_seen, true);
  json.member("failures", static_cast<std::int64_t>(answer.failures));
  append_excerpt_lines(json, answer);
  if (answer.dropped_lines > 0) {
    json.member("dropped_lines", static_cast<std::int64_t>(answer.dropped_lines));
  }
  json.flag("complete", answer.complete).close('}');
  return json.take();
}

std::string_view signal_name(std::int64_t number) {
  static const auto names = [] {
    std::vector<std::string> result;
    for (int i = 0; i < 65; ++i) {
      const char* name = sigabbrev_np(i);
      result.push_back(name != nullptr ? "SIG" + std::string(name) : "");
    }
    return result;
  }();
  const bool known = number > 0 && number < static_cast<std::int64_t>(names.size());
  return known ? std::string_view(names[static_cast<std::size_t>(number)]) : std::string_view();
}

}  // namespace logboom::query
