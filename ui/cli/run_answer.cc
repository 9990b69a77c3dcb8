#include "ui/cli/run_answer.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/time.h"

namespace logboom::ui::cli {
namespace {

namespace dom = simdjson::dom;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Errc::invalid, "the server's answer cannot be read (" + std::string(what) +
                                 "); is this a Logboom server of this version?");
}

std::string text(const dom::object& object, std::string_view name) {
  std::string_view value;
  return object[name].get(value) ? std::string() : std::string(value);
}

// Booleans are 1 and 0.
std::int64_t number(const dom::object& object, std::string_view name, std::int64_t missing = -1) {
  const auto element = object[name];
  std::int64_t whole = 0;
  if (!element.get(whole)) return whole;
  bool flag = false;
  if (!element.get(flag)) return flag ? 1 : 0;
  double real = 0;
  if (!element.get(real) && std::abs(real) < 9e18) return static_cast<std::int64_t>(real);
  return missing;
}

std::int64_t time(const dom::object& object, std::string_view name) {
  const auto parsed = parse_rfc3339(text(object, name));
  return parsed ? *parsed : 0;
}

RunRef ref(const dom::object& object, std::string_view name) {
  dom::object run;
  if (object[name].get(run)) return {};
  return {text(run, "run"), time(run, "started")};
}

int percent(const dom::object& object, std::string_view name) {
  double share = 0;
  if (object[name].get(share)) return 0;
  return static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * 100));
}

// Calls with each object of an array; false when there is none of that name.
template <class Visit>
bool each(const dom::object& object, std::string_view name, Visit visit) {
  dom::array array;
  if (object[name].get(array)) return false;
  for (const auto element : array) {
    dom::object item;
    if (!element.get(item)) visit(item);
  }
  return true;
}

RunInfo run_of(const dom::object& o) {
  RunInfo run;
  for (const auto& [name, target] : std::initializer_list<std::pair<const char*, std::string*>>{
           {"id", &run.id},
           {"tool", &run.tool},
           {"job", &run.job},
           {"outcome", &run.outcome},
           {"trigger", &run.trigger},
           {"command", &run.command},
           {"node", &run.node},
           {"pod", &run.pod},
           {"container", &run.container},
           {"user", &run.user},
           {"signal_name", &run.signal_name},
           {"reason", &run.reason},
           {"class", &run.cause},
           {"headline", &run.headline},
           {"other", &run.other}}) {
    *target = text(o, name);
  }
  for (const auto& [name, target] : std::initializer_list<std::pair<const char*, std::int64_t*>>{
           {"wall_ms", &run.wall_ms},
           {"exit_code", &run.exit_code},
           {"signal", &run.signal},
           {"timed_out", &run.timed_out},
           {"oom_kills", &run.oom_kills},
           {"cpu_ms", &run.cpu_ms},
           {"peak_bytes", &run.peak_bytes},
           {"memory_limit_bytes", &run.memory_limit_bytes},
           {"read_bytes", &run.read_bytes},
           {"written_bytes", &run.written_bytes},
           {"lines", &run.lines},
           {"lost_bytes", &run.lost_bytes},
           {"quiet_ms", &run.quiet_ms}}) {
    *target = number(o, name);
  }
  run.started_ns = time(o, "started");
  run.ended_ns = time(o, "ended");
  return run;
}

std::vector<NumberedLine> numbered(const dom::object& object, std::string_view name) {
  std::vector<NumberedLine> lines;
  each(object, name, [&](const dom::object& line) {
    lines.push_back({static_cast<std::uint32_t>(number(line, "n", 0)), text(line, "text")});
  });
  return lines;
}

Usage::Spread spread(const dom::object& object, std::string_view name) {
  dom::object o;
  if (object[name].get(o)) return {};
  return {number(o, "p50"), number(o, "p95"), number(o, "max")};
}

// The document stays in `parser`.
Result<dom::object> parse(dom::parser& parser, std::string_view body) {
  dom::object object;
  if (parser.parse(body.data(), body.size()).get(object)) return unreadable("no JSON object");
  return object;
}

}  // namespace

bool is_trouble(std::string_view outcome) {
  static constexpr auto kTrouble =
      std::to_array<std::string_view>({"failed", "suspect", "lost", "missed"});
  return std::ranges::find(kTrouble, outcome) != kTrouble.end();
}

Result<VerdictInfo> decode_verdict(std::string_view body) {
  dom::parser parser;
  const auto o = parse(parser, body);
  if (!o) return fail(o.error());
  VerdictInfo verdict;
  verdict.outcome = text(*o, "outcome");
  if (verdict.outcome.empty()) return unreadable("a verdict without an outcome");
  verdict.run = text(*o, "run");
  verdict.tool = text(*o, "tool");
  verdict.job = text(*o, "job");
  verdict.cause = text(*o, "class");
  verdict.headline = text(*o, "headline");
  verdict.fingerprint = text(*o, "fingerprint");
  verdict.failing_since = ref(*o, "failing_since");
  verdict.last_good = ref(*o, "last_good");
  verdict.first_seen = ref(*o, "first_seen");
  verdict.confidence = percent(*o, "confidence");
  verdict.failures = number(*o, "failures");
  verdict.complete = number(*o, "complete", 1) != 0;
  dom::object slots;
  if (!(*o)["slots"].get(slots)) {
    for (const auto& [name, value] : slots) {
      std::string_view slot;
      if (!value.get(slot)) verdict.slots.emplace_back(name, slot);
    }
  }
  verdict.lines = numbered(*o, "lines");
  verdict.context = numbered(*o, "excerpt_lines");
  each(*o, "evidence", [&](const dom::object& proof) {
    verdict.evidence.push_back({text(proof, "kind"), text(proof, "text"),
                                static_cast<std::uint32_t>(number(proof, "line", 0))});
  });
  return verdict;
}

Result<RunInfo> decode_run(std::string_view body) {
  dom::parser parser;
  const auto o = parse(parser, body);
  if (!o) return fail(o.error());
  auto run = run_of(*o);
  if (run.id.empty()) return unreadable("a run without an id");
  return run;
}

Result<RunList> decode_runs(std::string_view body) {
  dom::parser parser;
  const auto o = parse(parser, body);
  if (!o) return fail(o.error());
  RunList list;
  const bool found = each(*o, "runs", [&](const dom::object& run) {
    list.runs.push_back(run_of(run));
    list.json.push_back(simdjson::minify(run));
  });
  if (!found) return unreadable("no runs");
  return list;
}

Result<Health> decode_health(std::string_view body) {
  dom::parser parser;
  const auto o = parse(parser, body);
  if (!o) return fail(o.error());
  Health health;
  const bool found = each(*o, "jobs", [&](const dom::object& job) {
    health.jobs.push_back({.job = text(job, "job"),
                           .outcome = text(job, "outcome"),
                           .state = text(job, "state"),
                           .text = text(job, "text"),
                           .last_ended_ns = time(job, "last_ended"),
                           .next_ns = time(job, "next")});
  });
  if (!found) return unreadable("no jobs");
  health.problems = number(*o, "problems", 0);
  return health;
}

Result<Usage> decode_usage(std::string_view body) {
  dom::parser parser;
  const auto o = parse(parser, body);
  if (!o) return fail(o.error());
  Usage usage;
  usage.job = text(*o, "job");
  usage.runs = number(*o, "runs", 0);
  usage.wall_ms = spread(*o, "wall_ms");
  usage.cpu_ms = spread(*o, "cpu_ms");
  usage.peak_bytes = spread(*o, "peak_bytes");
  usage.memory_limit_bytes = number(*o, "memory_limit_bytes");
  usage.suggested_memory_bytes = number(*o, "suggested_memory_bytes");
  usage.throttled_percent = number(*o, "throttled_percent");
  each(*o, "recent", [&](const dom::object& run) { usage.recent.push_back(run_of(run)); });
  return usage;
}

Result<JobsOverview> decode_jobs(std::string_view body) {
  dom::parser parser;
  const auto o = parse(parser, body);
  if (!o) return fail(o.error());
  JobsOverview overview;
  const bool found = each(*o, "jobs", [&](const dom::object& job) {
    ++overview.jobs;
    // A job in trouble may be running again.
    if (number(job, "trouble", is_trouble(text(job, "outcome")) ? 1 : 0) == 0) return;
    if (overview.in_trouble++ == 0) overview.troubled = text(job, "job");
  });
  if (!found) return unreadable("no jobs");
  return overview;
}

}  // namespace logboom::ui::cli
