#include "alerts/incident.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "alerts/fields.h"
#include "alerts/records.h"

namespace logboom::alerts {
namespace {

// Clocks of nodes differ, and logs are waited for.
constexpr std::int64_t kLateNs = 600LL * 1'000'000'000;
constexpr std::string_view kKinds[] = {"failed", "missed", "frozen", "lost"};

Kind kind_of(store::Outcome outcome) {
  if (outcome == store::Outcome::missed) return Kind::missed;
  if (outcome == store::Outcome::lost) return Kind::lost;
  return Kind::failed;
}

template <class List, class Value>
void keep_last(List& list, Value value, std::size_t most) {
  list.push_back(std::move(value));
  if (list.size() > most) {
    list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(most));
  }
}

// What a failure without a fingerprint of its own is known by.
std::string mark_of(const Judged& judged) {
  if (!judged.fingerprint.empty()) return judged.fingerprint;
  return std::string(name(kind_of(judged.outcome))) + " " + judged.cause;
}

bool told_before(const Incident& incident, const std::string& mark) {
  return std::find(incident.fingerprints.begin(), incident.fingerprints.end(), mark) !=
         incident.fingerprints.end();
}

// Every opening and closing counts; true when this one makes the job a flapping one.
bool count_change(JobState& state, std::int64_t now_ns) {
  std::erase_if(state.changes,
                [&](std::int64_t at) { return at + JobState::kFlapWindowNs <= now_ns; });
  keep_last(state.changes, now_ns, JobState::kFlapChanges);
  if (state.flapping || state.changes.size() < JobState::kFlapChanges) return false;
  state.flapping = true;
  return true;
}

Incident opened(const JobState& state, const Judged& judged) {
  Incident incident;
  const Kind kind = kind_of(judged.outcome);
  incident.id = run_id_of("incident\n" + judged.tool + "\n" + judged.job + "\n" +
                          std::string(name(kind)) + "\n" + judged.run);
  incident.tool = judged.tool;
  incident.job = judged.job;
  incident.kind = kind;
  incident.first_run = judged.run;
  incident.last_good = state.last_good;
  incident.good_before = state.good_in_row;
  incident.opened_ns = judged.now_ns;
  incident.first_bad_ns = judged.began_ns;
  return incident;
}

void note_failure(Incident& incident, const Judged& judged, bool again) {
  incident.fingerprint = judged.fingerprint;
  incident.cause = judged.cause;
  incident.headline = judged.headline;
  incident.last_run = judged.run;
  // Not later than now: a clock ahead must not outlast what comes after.
  const auto ended_ns = std::min(judged.ended_ns, judged.now_ns);
  incident.last_bad_ns = std::max(incident.last_bad_ns, ended_ns);
  if (!again) ++incident.failures;
}

// Three runs alike end the quiet, and say how the job stands now.
Tell quiet_or_steady(JobState& state, std::int64_t in_row) {
  if (in_row < JobState::kSteadyRuns) return Tell::nothing;
  state.flapping = false;
  state.changes.clear();
  return Tell::steady;
}

Step bad_run(JobState state, std::optional<Incident> last, const Judged& judged, bool again) {
  Step result;
  const bool open = last && last->open();
  // What failed well before the last good run, and is told late, has been got over. Of a time ahead
  // of now nothing is known.
  if (!open && state.last_good_ns <= judged.now_ns &&
      judged.ended_ns + kLateNs < state.last_good_ns) {
    result.state = std::move(state);
    return result;
  }
  state.bad_in_row += again ? 0 : 1;
  const std::string mark = mark_of(judged);
  if (!open) {
    Incident incident = opened(state, judged);
    note_failure(incident, judged, false);
    incident.fingerprints = {mark};
    const bool quiet = state.flapping;
    result.tell = count_change(state, judged.now_ns) ? Tell::flapping
                  : quiet                            ? quiet_or_steady(state, state.bad_in_row)
                                                     : Tell::failed;
    state.incident = incident.key();
    result.incident = std::move(incident);
  } else {
    const bool known = told_before(*last, mark);
    note_failure(*last, judged, again);
    if (!known) {
      keep_last(last->fingerprints, mark, Incident::kMaxFingerprints);
      keep_last(last->notes, "run " + judged.run + ": " + judged.headline, Incident::kMaxNotes);
    }
    if (state.flapping) {
      result.tell = quiet_or_steady(state, state.bad_in_row);
    } else if (!known && std::cmp_less_equal(last->fingerprints.size(), kMaxChangedTold + 1)) {
      result.tell = Tell::changed;
    }
    result.incident = std::move(last);
  }
  state.good_in_row = 0;
  result.state = std::move(state);
  return result;
}

Step good_run(JobState state, std::optional<Incident> last, const Judged& judged, bool again) {
  Step result;
  const bool open = last && last->open();
  // An older run's success, told late, says nothing about what failed after it.
  const bool closes =
      open && (judged.ended_ns >= last->last_bad_ns || last->last_run == judged.run);
  if (!open || closes) {
    state.good_in_row += again ? 0 : 1;
    state.bad_in_row = 0;
    if (const auto ended_ns = std::min(judged.ended_ns, judged.now_ns);
        ended_ns >= state.last_good_ns || state.last_good_ns > judged.now_ns) {
      state.last_good = judged.run;
      state.last_good_ns = ended_ns;
    }
  }
  if (closes) {
    last->closed_ns = judged.now_ns;
    const bool quiet = state.flapping;
    result.tell = count_change(state, judged.now_ns) ? Tell::flapping
                  : quiet                            ? Tell::nothing
                                                     : Tell::recovered;
    result.incident = std::move(last);
  } else if (!open && last && state.flapping) {
    result.tell = quiet_or_steady(state, state.good_in_row);
    if (result.tell != Tell::nothing) result.incident = std::move(last);
  }
  result.state = std::move(state);
  return result;
}

}  // namespace

std::string_view name(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Kind> parse_kind(std::string_view name) {
  const auto* found = std::find(std::begin(kKinds), std::end(kKinds), name);
  if (found == std::end(kKinds)) return std::nullopt;
  return static_cast<Kind>(found - std::begin(kKinds));
}

std::string Incident::encode() const {
  Fields fields;
  fields.set("id", id);
  fields.set("tool", tool);
  fields.set("job", job);
  fields.set("kind", name(kind));
  fields.set("fingerprint", fingerprint);
  fields.set("class", cause);
  fields.set("headline", headline);
  fields.set("first_run", first_run);
  fields.set("last_run", last_run);
  fields.set("last_good", last_good);
  fields.set("opened", opened_ns);
  fields.set("closed", closed_ns);
  fields.set("first_bad", first_bad_ns);
  fields.set("last_bad", last_bad_ns);
  fields.set("failures", failures);
  fields.set("good_before", good_before);
  fields.set("messages", messages);
  fields.set("fingerprints", fingerprints);
  fields.set("notes", notes);
  return fields.json();
}

std::optional<Incident> Incident::decode(std::string_view json) {
  const auto fields = Fields::parse(json);
  if (!fields) return std::nullopt;
  Incident incident;
  incident.id = fields->text("id");
  incident.tool = fields->text("tool");
  incident.job = fields->text("job");
  const auto kind = parse_kind(fields->text("kind"));
  if (incident.id.empty() || !kind) return std::nullopt;
  incident.kind = *kind;
  incident.fingerprint = fields->text("fingerprint");
  incident.cause = fields->text("class");
  incident.headline = fields->text("headline");
  incident.first_run = fields->text("first_run");
  incident.last_run = fields->text("last_run");
  incident.last_good = fields->text("last_good");
  incident.opened_ns = fields->number("opened");
  incident.closed_ns = fields->number("closed");
  incident.first_bad_ns = fields->number("first_bad");
  incident.last_bad_ns = fields->number("last_bad");
  incident.failures = fields->number("failures");
  incident.good_before = fields->number("good_before");
  incident.messages = fields->number("messages");
  incident.fingerprints = fields->list("fingerprints");
  incident.notes = fields->list("notes");
  return incident;
}

std::string Incident::key() const {
  char newest_first[24];
  std::snprintf(newest_first, sizeof newest_first, "%016llx",
                static_cast<unsigned long long>(INT64_MAX - opened_ns));
  return joined_key(tool, newest_first + id);
}

std::string JobState::encode() const {
  Fields fields;
  fields.set("incident", incident);
  fields.set("good_in_row", good_in_row);
  fields.set("bad_in_row", bad_in_row);
  fields.set("last_good_ns", last_good_ns);
  fields.set("last_good", last_good);
  fields.set("flapping", flapping ? 1 : 0);
  std::vector<std::string> times;
  for (const auto at : changes) times.push_back(std::to_string(at));
  fields.set("changes", std::move(times));
  fields.set("judged", judged);
  return fields.json();
}

std::optional<JobState> JobState::decode(std::string_view json) {
  const auto fields = Fields::parse(json);
  if (!fields) return std::nullopt;
  JobState state;
  state.incident = fields->text("incident");
  state.good_in_row = fields->number("good_in_row");
  state.bad_in_row = fields->number("bad_in_row");
  state.last_good_ns = fields->number("last_good_ns");
  state.last_good = fields->text("last_good");
  state.flapping = fields->number("flapping") != 0;
  for (const auto& text : fields->list("changes")) {
    std::int64_t at = 0;
    std::from_chars(text.data(), text.data() + text.size(), at);
    state.changes.push_back(at);
  }
  state.judged = fields->list("judged");
  return state;
}

Step step(JobState state, std::optional<Incident> last, const Judged& judged) {
  const bool bad = store::is_bad(judged.outcome);
  if (!bad && judged.outcome != store::Outcome::succeeded) {
    return Step{std::move(state), std::nullopt, Tell::nothing};
  }
  auto& seen = state.judged;
  const auto same_run = std::find_if(seen.begin(), seen.end(), [&](const std::string& entry) {
    return std::string_view(entry).substr(1) == judged.run;
  });
  const char sign = bad ? '-' : '+';
  const bool again = same_run != seen.end();
  if (again) {
    const bool same = same_run->front() == sign;
    const bool lost_before = last && last->open() && last->kind == Kind::lost &&
                             last->last_run == judged.run &&
                             judged.outcome == store::Outcome::failed;
    if (same && !lost_before) return Step{std::move(state), std::nullopt, Tell::nothing};
    seen.erase(same_run);
  }
  keep_last(seen, sign + judged.run, JobState::kRemembered);
  return bad ? bad_run(std::move(state), std::move(last), judged, again)
             : good_run(std::move(state), std::move(last), judged, again);
}

}  // namespace logboom::alerts
