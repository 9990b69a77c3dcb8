#include "store/ledger.h"

#include <algorithm>
#include <map>

#include "store/ground.h"
#include "store/ledger_events.h"
#include "store/ledger_format.h"

namespace logboom::store {
namespace {

constexpr std::string_view kOutcomes[] = {"running", "succeeded", "failed",  "suspect",
                                          "lost",    "missed",    "skipped", "ended"};
constexpr std::size_t kForgetAtOnce = 256;  // runs forgotten in one write

using Visit = std::function<bool(std::string_view key, std::string_view value)>;

// Calls `visit` with what follows the prefix of every key that has it. `near`: as of each().
Result<void> each_under(const Ground& ground, const std::string& prefix, const std::string& from,
                        const Visit& visit, bool near = true) {
  return ground.db->each(
      *ground.ledger, from,
      [&](std::string_view key, std::string_view value) {
        return key.starts_with(prefix) && visit(key.substr(prefix.size()), value);
      },
      near);
}

std::optional<RunEvent>* slot(Run& run, RunEvent::Kind kind) {
  switch (kind) {
    case RunEvent::Kind::start:
      return &run.start;
    case RunEvent::Kind::end:
      return &run.end;
    case RunEvent::Kind::lost:
      return &run.lost;
    case RunEvent::Kind::missed:
      return &run.missed;
    case RunEvent::Kind::skipped:
      return &run.skipped;
    case RunEvent::Kind::sample:
      return &run.last_sample;
    default:
      return nullptr;
  }
}

Result<std::optional<Run>> read_run(const Ground& ground, std::string_view tool,
                                    std::string_view id) {
  Run run{.tool = std::string(tool), .id = std::string(id)};
  Result<void> outcome;
  const auto prefix = ledger_key(LedgerPart::event, tool, id);
  bool any = false;
  auto read = each_under(ground, prefix, prefix, [&](std::string_view, std::string_view value) {
    auto event = decode_event(value, &run.clock_ahead);
    if (!event) {
      outcome = fail(std::move(event).error().in("run " + std::string(id)));
      return false;
    }
    any = true;
    if (!event->job.empty() && run.job.empty()) run.job = event->job;
    const bool sample = event->kind == RunEvent::Kind::sample;
    if (auto* const place = slot(run, event->kind)) *place = *std::move(event);
    return !sample;
  });
  if (!read) return fail(std::move(read).error());
  if (!outcome) return fail(std::move(outcome).error());
  if (!any) return std::nullopt;
  auto value = ground.db->get(*ground.ledger, ledger_key(LedgerPart::verdict, tool, id));
  if (!value) return fail(std::move(value).error());
  if (*value) {
    auto verdict = decode_verdict(**value);
    if (!verdict) return fail(std::move(verdict).error().in("run " + std::string(id)));
    run.judgement = std::move(verdict->first);
  }
  return run;
}

Result<void> check_record(std::string_view table, std::string_view key) {
  const bool good = !table.empty() && std::all_of(table.begin(), table.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
  if (!good) return fail(Errc::invalid, "record: table '" + std::string(table) + "': use [a-z_]+");
  if (key.size() > kMaxRecordKey) return fail(Errc::invalid, "record: a key over 1 KiB");
  return {};
}

// Walks the runs of one job, or of all, newest first; `visit` returns false to end.
Result<void> each_run(const Ground& ground, std::string_view tool, const RunQuery& query,
                      const std::function<bool(Run&&)>& visit) {
  const auto before = query.before_ns == INT64_MAX ? INT64_MAX : query.before_ns - 1;
  const auto prefix = query.job.empty() ? ledger_key(LedgerPart::time, tool)
                                        : ledger_key(LedgerPart::job, tool, query.job);
  const auto from =
      query.job.empty() ? time_key(tool, before, "") : job_key(tool, query.job, before, "");
  Result<void> outcome;
  auto read = each_under(ground, prefix, from, [&](std::string_view rest, std::string_view) {
    const auto entry = parse_timed_run(rest);
    if (!entry) return true;
    if (entry->time_ns < query.since_ns) return false;
    auto run = read_run(ground, tool, entry->run);
    if (!run) {
      if (run.error().code == Errc::corrupt) return true;  // the rest can still be told
      outcome = fail(std::move(run).error());
      return false;
    }
    // A run that was first heard of by its end stands under that time too: once is enough.
    if (!*run || (*run)->time_ns() != entry->time_ns) return true;
    return visit(*std::move(*run));
  });
  return read ? outcome : read;
}

}  // namespace

std::string_view name(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> parse_outcome(std::string_view name) {
  const auto* found = std::find(std::begin(kOutcomes), std::end(kOutcomes), name);
  if (found == std::end(kOutcomes)) return std::nullopt;
  return static_cast<Outcome>(found - std::begin(kOutcomes));
}

bool is_bad(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::suspect || outcome == Outcome::lost ||
         outcome == Outcome::missed;
}

Outcome Run::outcome() const {
  if (judgement && (end || judgement->outcome != Outcome::running)) {
    // A verdict on its loss says nothing once it has ended after all.
    const bool outdated = end && judgement->outcome == Outcome::lost;
    if (!outdated) return judgement->outcome;
  }
  if (end) {
    const bool known = end->exit_code >= 0 || end->signal > 0 || end->timed_out > 0 ||
                       end->exec_errno > 0 || end->oom_kills > 0;
    if (!known) return Outcome::ended;
    const bool good =
        end->exit_code <= 0 && end->signal <= 0 && end->timed_out <= 0 && end->exec_errno <= 0;
    return good ? Outcome::succeeded : Outcome::failed;
  }
  if (lost) return Outcome::lost;
  if (start) return Outcome::running;
  if (missed) return Outcome::missed;
  if (skipped) return Outcome::skipped;
  return Outcome::running;
}

std::int64_t Run::time_ns() const {
  for (const auto* event : {&start, &missed, &skipped, &end, &lost}) {
    if (*event) return (*event)->time_ns;
  }
  return last_sample ? last_sample->time_ns : 0;
}

std::int64_t Run::end_ns() const {
  for (const auto* event : {&end, &lost, &missed, &skipped}) {
    if (*event) return (*event)->time_ns;
  }
  return 0;
}

Result<std::optional<Run>> Ledger::run(std::string_view tool, std::string_view id) const {
  return read_run(ground_, tool, id);
}

Result<std::optional<Run>> Ledger::find(std::string_view id) const {
  auto tool = ground_.db->get(*ground_.ledger, ledger_key(LedgerPart::owner, id));
  if (!tool) return fail(std::move(tool).error());
  if (!*tool) return std::nullopt;
  return read_run(ground_, **tool, id);
}

Result<std::vector<RunEvent>> Ledger::samples(std::string_view tool, std::string_view id) const {
  std::vector<RunEvent> samples;
  const auto prefix = ledger_key(LedgerPart::event, tool, id) + 'x';
  auto read = each_under(ground_, prefix, prefix, [&](std::string_view, std::string_view value) {
    if (auto event = decode_event(value)) samples.push_back(*std::move(event));
    return samples.size() < kMaxSamples;
  });
  if (!read) return fail(std::move(read).error());
  std::reverse(samples.begin(), samples.end());
  return samples;
}

Result<std::vector<Run>> Ledger::runs(std::string_view tool, const RunQuery& query) const {
  std::vector<Run> runs;
  if (query.limit == 0) return runs;
  std::size_t looked_at = 0;
  auto read = each_run(ground_, tool, query, [&](Run&& run) {
    if (++looked_at > query.look_at_most) return false;
    if (!query.wanted || query.wanted(run)) runs.push_back(std::move(run));
    return runs.size() < query.limit;
  });
  if (!read) return fail(std::move(read).error());
  return runs;
}

Result<std::vector<std::string>> Ledger::jobs(std::string_view tool) const {
  std::vector<std::string> jobs;
  const auto prefix = ledger_key(LedgerPart::job, tool);
  // One step per job: from behind all its runs to the next.
  for (auto from = prefix;;) {
    std::optional<std::string> next;
    auto read = each_under(ground_, prefix, from, [&](std::string_view rest, std::string_view) {
      if (const auto job = take_text(rest)) next = *job;
      return false;
    });
    if (!read) return fail(std::move(read).error());
    if (!next) return jobs;
    from = prefix + *next + '\x01';
    jobs.push_back(*std::move(next));
  }
}

std::vector<std::string> Ledger::tools() const {
  std::vector<std::string> tools;
  const std::string prefix(1, static_cast<char>(LedgerPart::tool));
  (void)each_under(ground_, prefix, prefix, [&](std::string_view rest, std::string_view) {
    if (const auto tool = take_text(rest)) tools.emplace_back(*tool);
    return true;
  });
  return tools;
}

Result<std::vector<RunEvent>> Ledger::checks(std::string_view tool) const {
  std::vector<RunEvent> checks;
  const auto prefix = ledger_key(LedgerPart::check, tool);
  auto read = each_under(ground_, prefix, prefix, [&](std::string_view, std::string_view value) {
    if (auto event = decode_event(value)) checks.push_back(*std::move(event));
    return true;
  });
  if (!read) return fail(std::move(read).error());
  return checks;
}

Result<std::optional<std::string>> Ledger::verdict(std::string_view tool,
                                                   std::string_view id) const {
  auto value = ground_.db->get(*ground_.ledger, ledger_key(LedgerPart::verdict, tool, id));
  if (!value) return fail(std::move(value).error());
  if (!*value) return std::nullopt;
  auto verdict = decode_verdict(**value);
  if (!verdict) return fail(std::move(verdict).error());
  return std::move(verdict->second);
}

Result<std::optional<std::string>> Ledger::sketch(std::string_view tool,
                                                  std::string_view id) const {
  return ground_.db->get(*ground_.ledger, ledger_key(LedgerPart::sketch, tool, id));
}

Result<std::vector<Ledger::Pending>> Ledger::pending(
    std::size_t per_tool, const std::function<bool(const Pending&)>& free) const {
  std::vector<std::vector<Pending>> tools;
  const std::string prefix(1, static_cast<char>(LedgerPart::pending));
  for (auto from = prefix;;) {
    std::optional<std::string> tool;
    std::size_t counted = 0;
    auto read = each_under(ground_, prefix, from, [&](std::string_view rest, std::string_view) {
      const auto name = take_text(rest);
      const auto mark = take_text(rest);
      const auto run = take_text(rest);
      if (!name || !mark || !run) return true;
      if (!tool) {
        tool = *name;
        tools.emplace_back();
      }
      if (*name != *tool) return false;
      auto& of_tool = tools.back();
      of_tool.push_back({*tool, std::string(*run), std::string(*mark)});
      if (!free || !free(of_tool.back())) ++counted;
      return counted < per_tool && of_tool.size() < kMaxPending;
    });
    if (!read) return fail(std::move(read).error());
    if (!tool) break;
    from = ledger_key(LedgerPart::pending, *tool);
    from.back() = '\x01';  // behind all of the tool's
  }
  std::vector<Pending> pending;
  for (std::size_t i = 0; !tools.empty(); ++i) {
    std::erase_if(tools, [&](const auto& of_tool) { return i >= of_tool.size(); });
    for (auto& of_tool : tools) pending.push_back(std::move(of_tool[i]));
  }
  return pending;
}

Result<std::optional<std::string>> Ledger::record(std::string_view table,
                                                  std::string_view key) const {
  if (auto good = check_record(table, key); !good) return fail(std::move(good).error());
  return ground_.db->get(*ground_.ledger, record_key(table, key));
}

Result<void> Ledger::each_record(std::string_view table, std::string_view prefix,
                                 const Visit& visit) const {
  if (auto good = check_record(table, prefix); !good) return good;
  const auto of_table = ledger_key(LedgerPart::record, table);
  const auto whole = of_table + std::string(prefix);
  return ground_.db->each(
      *ground_.ledger, whole, [&](std::string_view key, std::string_view value) {
        return key.starts_with(whole) && visit(key.substr(of_table.size()), value);
      });
}

Result<void> Ledger::write(const RecordWrite& changes) {
  Change change;
  for (const auto& operation : changes.operations) {
    if (auto good = check_record(operation.table, operation.key); !good) return good;
    if (operation.value && operation.value->size() > kMaxRecordValue) {
      return fail(Errc::invalid, "record of table " + operation.table + ": a value over 1 MiB");
    }
    auto key = record_key(operation.table, operation.key);
    if (operation.value)
      change.put(ground_.ledger, std::move(key), *operation.value);
    else
      change.remove(ground_.ledger, std::move(key));
  }
  for (const auto& verdict : changes.verdicts) {
    change.put(ground_.ledger, ledger_key(LedgerPart::verdict, verdict.tool, verdict.run),
               encode_verdict(verdict.judgement, verdict.json));
    if (verdict.sketch) {
      change.put(ground_.ledger, ledger_key(LedgerPart::sketch, verdict.tool, verdict.run),
                 *verdict.sketch);
    }
    // Only the mark that was looked at: a run that ended anew meanwhile has another.
    change.remove(ground_.ledger, pending_key(verdict.tool, verdict.mark, verdict.run));
  }
  return ground_.db->write(change);
}

std::shared_ptr<void> Ledger::subscribe(
    std::function<void(const std::string& tool, const RunEvent& event)> committed) {
  return ground_.events.add(std::move(committed));
}

Result<std::size_t> Ledger::forget(std::int64_t before_ns) {
  std::size_t forgotten = 0;
  for (const auto& tool : tools()) {
    const auto prefix = ledger_key(LedgerPart::time, tool);
    for (auto from = time_key(tool, before_ns - 1, "");;) {
      Change change;
      std::size_t looked_at = 0;
      Result<void> outcome;
      const auto look = [&](std::string_view rest, std::string_view) {
        from = prefix + std::string(rest) + '\0';
        const auto entry = parse_timed_run(rest);
        Result<std::optional<Run>> run = entry ? read_run(ground_, tool, entry->run) : std::nullopt;
        if (!run && run.error().code != Errc::corrupt) {
          outcome = fail(std::move(run).error());
          return false;
        }
        // A service that began long ago and lives is not forgotten.
        const bool lives = run && *run && (*run)->end_ns() == 0 && (*run)->last_sample &&
                           (*run)->last_sample->time_ns >= before_ns;
        if (!lives && entry) {
          const auto& job = run && *run ? (*run)->job : std::string();
          change.remove(ground_.ledger, prefix + std::string(rest));
          change.remove(ground_.ledger, job_key(tool, job, entry->time_ns, entry->run));
          remove_run(ground_, tool, entry->run, change);
          ++forgotten;
        }
        return ++looked_at < kForgetAtOnce;
      };
      // The walk is long and not done again soon; a run's own few events are read twice.
      auto read = each_under(ground_, prefix, from, look, false);
      if (read) read = outcome;
      if (read && !change.operations.empty()) read = ground_.db->write(change);
      if (!read) return fail(std::move(read).error());
      if (looked_at < kForgetAtOnce) break;
    }
  }
  return forgotten;
}

}  // namespace logboom::store
