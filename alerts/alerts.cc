#include "alerts/alerts.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "alerts/announcer.h"
#include "alerts/notify/irc.h"
#include "alerts/notify/mail.h"
#include "alerts/schedule.h"
#include "alerts/sweep.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/stop.h"
#include "core/time.h"
#include "query/runs/frozen.h"

namespace logboom::alerts {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(1'000);
constexpr auto kTestWait = std::chrono::seconds(20);
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDigestEveryNs = 10 * kSecond, kSweepEveryNs = 24 * 3600 * kSecond;
constexpr std::string_view kJobs = "alert_jobs", kIncidents = "incidents", kKeys = "incident_keys";

struct Meters {
  metrics::Counter& opened =
      metrics::counter("logboom_alerts_incidents_opened_total", "Incidents opened");
  metrics::Counter& closed =
      metrics::counter("logboom_alerts_incidents_closed_total", "Incidents closed");
};
Meters& meters() {
  static Meters meters;
  return meters;
}

void put_incident(const Incident& incident, store::RecordWrite& changes) {
  changes.put(std::string(kIncidents), incident.key(), incident.encode());
  changes.put(std::string(kKeys), incident.id, incident.key());
}

Judged judged_of(const store::Run& run, const store::Judgement& judgement, std::int64_t now_ns) {
  Judged judged;
  judged.tool = run.tool;
  judged.job = run.job;
  judged.run = run.id;
  judged.outcome = judgement.outcome;
  judged.fingerprint = judgement.fingerprint;
  judged.cause = judgement.cause;
  judged.headline = judgement.headline;
  judged.began_ns = run.time_ns();
  // A missed tick is over at the tick, whatever came later.
  judged.ended_ns = judgement.outcome == store::Outcome::missed ? run.time_ns() : run.end_ns();
  judged.now_ns = now_ns;
  return judged;
}

class AllAlerts final : public Alerts {
 public:
  AllAlerts(Options options, store::Store& store, Recipients recipients)
      : options_(std::move(options)),
        store_(store),
        recipients_(std::move(recipients)),
        records_(store.ledger()) {
    if (!options_.now) options_.now = [] { return now_ns(); };
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
  }
  ~AllAlerts() override { stop(); }

  Result<void> begin(query::Intake& intake) {
    auto silence = Silence::open(records_, options_.base_url);
    if (!silence) return fail(std::move(silence).error());
    silence_ = *std::move(silence);
    Outbox::Ways ways;
    ways.max_outbox = options_.max_outbox;
    ways.now = options_.now;
    if (!options_.mail.url.empty()) {
      auto mail = make_mail_channel(options_.mail);
      if (!mail) return fail(std::move(mail).error());
      ways.mail = *std::move(mail);
    }
    if (!options_.irc.url.empty()) {
      auto irc = make_irc_channel(options_.irc);
      if (!irc) return fail(std::move(irc).error());
      ways.irc = *std::move(irc);
    }
    outbox_ = Outbox::start(records_, std::move(ways));
    announcer_ = std::make_unique<Announcer>(options_, recipients_, records_, *silence_, *outbox_);
    auto schedule = Schedule::open(
        options_, {&store_.ledger(), &records_, &intake,
                   [this](const std::string& tool, const std::string& run, std::int64_t since_ns) {
                     return has_lines(tool, run, since_ns);
                   },
                   [this](const LiveRun& run, std::int64_t limit_ms, bool ended) {
                     tell_frozen(run, limit_ms, ended);
                   }});
    if (!schedule) return fail(std::move(schedule).error());
    schedule_ = *std::move(schedule);
    clock_ = std::jthread([this](const std::stop_token& stop) { keep_time(stop); });
    return {};
  }

  Result<void> judged(const store::Run& run, const store::Judgement& judgement,
                      std::string_view verdict_json, store::RecordWrite& changes) override {
    const std::string key = joined_key(run.tool, run.job);
    auto saved = get_through(records_, changes, kJobs, key);
    if (!saved) return fail(std::move(saved).error());
    JobState state;
    if (*saved) state = JobState::decode(**saved).value_or(JobState());
    auto last = incident_at(state.incident, changes);
    if (!last) return fail(std::move(last).error());
    const bool was_open = *last && (*last)->open();
    auto next = step(state, *std::move(last), judged_of(run, judgement, options_.now()));
    if (next.incident) {
      if (next.incident->last_good.empty()) next.incident->last_good = judgement.last_good.id;
      if (next.tell != Tell::nothing) {
        if (auto told = tell(next, run, verdict_json, changes); !told) return told;
      }
      if (!was_open && next.incident->open()) meters().opened.add();
      if (was_open && !next.incident->open()) meters().closed.add();
      put_incident(*next.incident, changes);
    }
    if (next.state != state) changes.put(std::string(kJobs), key, next.state.encode());
    return {};
  }

  Result<std::vector<Incident>> incidents(std::string_view tool, std::string_view job,
                                          bool open_only) const override {
    std::vector<Incident> found;
    auto read = records_.each(kIncidents, joined_key(tool, ""),
                              [&](std::string_view, std::string_view value) {
                                auto incident = Incident::decode(value);
                                if (incident && (job.empty() || incident->job == job) &&
                                    (!open_only || incident->open())) {
                                  found.push_back(*std::move(incident));
                                }
                                return found.size() < kMaxListed;
                              });
    if (!read) return fail(std::move(read).error());
    return found;
  }

  Result<std::optional<Incident>> incident(std::string_view id) const override {
    auto key = records_.get(kKeys, id);
    if (!key) return fail(std::move(key).error());
    return incident_at(key->value_or(""), {});
  }

  Result<std::string> send_test(std::string_view tool, std::string_view to) override {
    const auto allowed = recipients_.of_tool(tool);
    const auto chosen = std::find_if(
        allowed.begin(), allowed.end(),
        [&](const Recipient& recipient) { return to.empty() || recipient.text() == to; });
    if (chosen == allowed.end()) {
      return fail(Errc::invalid, (to.empty() ? std::string("nobody") : std::string(to)) +
                                     " is no recipient of " + std::string(tool) +
                                     "; name it in alerts.recipients (--notify) first");
    }
    Notice notice;
    notice.tell = Tell::test;
    notice.now_ns = options_.now();
    notice.base_url = options_.base_url;
    notice.incident.id = new_run_id();
    notice.incident.tool = tool;
    notice.incident.job = "test";
    notice.incident.headline = "this is how alerts of this tool reach you";
    notice.incident.messages = 1;
    store::RecordWrite changes;
    auto id = announcer_->announce_to(*chosen, notice, changes);
    if (!id) return id;
    if (auto written = records_.write(changes); !written) return fail(std::move(written).error());
    const auto [fate, why] = outbox_->wait(*id, kTestWait);
    if (fate == Outbox::Fate::sent) return chosen->text();
    return fail(Errc::unavailable,
                chosen->text() + ": " + (why.empty() ? std::string("no answer yet") : why));
  }

  Result<void> unsubscribe(std::string_view tool, std::string_view to,
                           std::string_view key) override {
    const auto recipient = parse_recipient(to);
    if (!recipient || !silence_->good_key(key, *recipient, tool)) {
      return fail(Errc::denied, "this link is not good; take the one of your last mail");
    }
    log::info("unsubscribed", {{"to", to}, {"tool", tool}});
    return silence_->silence(*recipient, tool);
  }

  const Outbox& outbox() const override { return *outbox_; }

  void stop() override {
    clock_.request_stop();
    if (clock_.joinable()) clock_.join();
    schedule_.reset();
    if (outbox_) outbox_->stop();
  }

 private:
  Result<std::optional<Incident>> incident_at(const std::string& key,
                                              const store::RecordWrite& changes) const {
    if (key.empty()) return std::nullopt;
    auto value = get_through(records_, changes, kIncidents, key);
    if (!value) return fail(std::move(value).error());
    return *value ? Incident::decode(**value) : std::nullopt;
  }

  Result<void> tell(Step& next, const store::Run& run, std::string_view verdict_json,
                    store::RecordWrite& changes) {
    auto& incident = *next.incident;
    ++incident.messages;
    Notice notice = notice_of(next.tell, incident);
    notice.run = run;
    notice.proof = read_proof(verdict_json);
    notice.last_good_ns = next.state.last_good_ns;
    if (notice.last_good_ns == 0 && !incident.last_good.empty()) {
      auto good = store_.ledger().run(run.tool, incident.last_good);
      if (good && *good) notice.last_good_ns = (*good)->end_ns();
    }
    auto told = announcer_->announce(notice, changes);
    if (!told) return fail(std::move(told).error());
    return {};
  }

  [[nodiscard]] Notice notice_of(Tell tell, const Incident& incident) const {
    Notice notice;
    notice.tell = tell;
    notice.incident = incident;
    notice.now_ns = options_.now();
    notice.base_url = options_.base_url;
    auto checks = store_.ledger().checks(incident.tool);
    if (!checks) return notice;
    for (const auto& check : *checks) {
      if (check.job != incident.job) continue;
      const auto schedule = CronSchedule::parse(check.schedule);
      if (!schedule || schedule->period()) continue;
      notice.next_tick_ns = schedule->next(notice.now_ns, check.zone).value_or(0);
    }
    return notice;
  }

  // A frozen run's incident is its run's alone, and touches nothing that judged() keeps: the two
  // run on different threads.
  void tell_frozen(const LiveRun& live, std::int64_t limit_ms, bool ended) {
    auto told = limit_ms > 0 ? open_frozen(live, limit_ms) : close_frozen(live, ended);
    if (!told) {
      log::error("cannot keep an incident",
                 {{"tool", live.tool}, {"run", live.run}, {"error", told.error().message}});
    }
  }

  Result<void> open_frozen(const LiveRun& live, std::int64_t limit_ms) {
    Incident incident;
    incident.id = run_id_of("incident\n" + live.tool + "\n" + live.job + "\nfrozen\n" + live.run);
    auto known = records_.get(kKeys, incident.id);
    if (!known) return fail(std::move(known).error());
    store::RecordWrite changes;
    changes.put(std::string(query::kFrozenRuns), joined_key(live.tool, live.run), incident.key());
    if (*known) return records_.write(changes);  // told once per run is enough
    incident.tool = live.tool;
    incident.job = live.job;
    incident.kind = Kind::frozen;
    incident.cause = "resource/hang";
    incident.headline = "running, but no output and no CPU for " +
                        format_duration(std::chrono::seconds(live.quiet_ms / 1000)) + "; " +
                        format_duration(std::chrono::seconds(limit_ms / 1000)) +
                        " would be much for it";
    incident.first_run = incident.last_run = live.run;
    incident.opened_ns = options_.now();
    incident.first_bad_ns = incident.last_bad_ns = incident.opened_ns - live.quiet_ms * 1'000'000;
    incident.failures = 1;
    incident.messages = 1;
    if (auto told = tell_live(Tell::frozen, incident, changes); !told) return told;
    put_incident(incident, changes);
    auto written = records_.write(changes);
    if (written) meters().opened.add();
    return written;
  }

  Result<void> close_frozen(const LiveRun& live, bool ended) {
    const std::string key = joined_key(live.tool, live.run);
    auto where = records_.get(query::kFrozenRuns, key);
    if (!where) return fail(std::move(where).error());
    auto incident = incident_at(where->value_or(""), {});
    if (!incident) return fail(std::move(incident).error());
    store::RecordWrite changes;
    changes.remove(std::string(query::kFrozenRuns), key);
    if (!*incident || !(*incident)->open()) return records_.write(changes);
    (*incident)->closed_ns = options_.now();
    // A run that ended badly is told of by its failure.
    auto run = store_.ledger().run(live.tool, live.run);
    const bool bad = ended && run && *run && store::is_bad((*run)->outcome());
    if (!bad) {
      ++(*incident)->messages;
      if (auto told = tell_live(Tell::resumed, **incident, changes); !told) return told;
    }
    put_incident(**incident, changes);
    auto written = records_.write(changes);
    if (written) meters().closed.add();
    return written;
  }

  Result<void> tell_live(Tell tell, const Incident& incident, store::RecordWrite& changes) {
    Notice notice = notice_of(tell, incident);
    auto run = store_.ledger().run(incident.tool, incident.last_run);
    if (run && *run) notice.run = **std::move(run);
    auto told = announcer_->announce(notice, changes);
    if (!told) return fail(std::move(told).error());
    return {};
  }

  bool has_lines(const std::string& tool, const std::string& run, std::int64_t since_ns) const {
    bool found = false;
    store::Scan scan;
    scan.start = since_ns;
    scan.end = INT64_MAX;
    scan.values = {run};  // blocks that cannot hold the run are not read
    const auto snapshot = store_.snapshot(tool);
    auto done = snapshot.scan(
        scan, [&](std::int64_t, const store::ScanStats&) { return !found; },
        [&](const store::LineView& line) {
          for (const auto& [name, value] : line.metadata) {
            found |= name == "run" && value == run;
          }
        });
    return done ? found : true;  // what cannot be read is no proof of silence
  }

  void keep_time(const std::stop_token& stop) {
    std::int64_t digests_ns = 0, sweep_ns = 0;
    bool troubled = false;
    while (sleep_for(stop, kTurn)) {
      const std::int64_t now = options_.now();
      auto done = schedule_->tick(now);
      if (done && now - digests_ns >= kDigestEveryNs) {
        digests_ns = now;
        done = announcer_->send_digests(now);
      }
      if (done && now - sweep_ns >= kSweepEveryNs) {
        sweep_ns = now;
        done = sweep(records_, store_.ledger(), now);
      }
      if (!done && !std::exchange(troubled, true)) {
        log::error("alerts: cannot look after schedules; trying on",
                   {{"error", done.error().message}});
      }
      if (done) troubled = false;
    }
  }

  Options options_;
  store::Store& store_;
  Recipients recipients_;
  LedgerRecords records_;
  std::unique_ptr<Silence> silence_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Announcer> announcer_;
  std::unique_ptr<Schedule> schedule_;
  std::jthread clock_;
};

}  // namespace

Result<std::unique_ptr<Alerts>> Alerts::start(Options options, store::Store& store,
                                              query::Intake& intake) {
  auto recipients = Recipients::parse(options.recipients);
  if (!recipients) return fail(std::move(recipients).error());
  if (recipients->names(Recipient::Way::mail) && options.mail.url.empty()) {
    return fail(Errc::invalid,
                "alerts.recipients names a mailto: address, but there is no mail "
                "server; set alerts.smtp (--smtp)");
  }
  if (recipients->names(Recipient::Way::irc) && options.irc.url.empty()) {
    return fail(Errc::invalid,
                "alerts.recipients names an irc: channel, but there is no IRC "
                "server; set alerts.irc (--irc)");
  }
  auto alerts = std::make_unique<AllAlerts>(std::move(options), store, *std::move(recipients));
  if (auto begun = alerts->begin(intake); !begun) return fail(std::move(begun).error());
  return alerts;
}

}  // namespace logboom::alerts
