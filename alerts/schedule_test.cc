#include "alerts/schedule.h"

#include <catch2/catch.hpp>

#include "alerts/alerts.h"
#include "alerts/sweep.h"
#include "query/direct_intake.h"
#include "query/runs/frozen.h"
#include "query/test_store.h"

namespace logboom::alerts {
namespace {

using store::Outcome;

constexpr std::int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond;
constexpr std::int64_t kStart = 28'333'440 * kMinute;  // a full hour

// A store with the clock's watch over it; the time is ours.
struct Watched {
  Watched() { open(); }

  void open() {
    schedule.reset();
    intake = query::direct_intake(*store);
    options.now = [this] { return now; };
    records = std::make_unique<LedgerRecords>(store->ledger());
    auto opened = Schedule::open(
        options, {&store->ledger(), records.get(), intake.get(),
                  [this](const std::string&, const std::string&, std::int64_t) { return lines; },
                  [this](const LiveRun& run, std::int64_t limit_ms, bool ended) {
                    frozen += (frozen.empty() ? "" : " ") + run.run +
                              (limit_ms > 0 ? ":frozen"
                               : ended      ? ":ended"
                                            : ":resumed");
                  }});
    REQUIRE(opened);
    schedule = *std::move(opened);
  }
  void event(RunEvent::Kind kind, const std::string& run, std::int64_t time_ns,
             const std::function<void(RunEvent&)>& more = {}) {
    events(1, kind, run, time_ns, more);
  }
  // One a second.
  void events(int count, RunEvent::Kind kind, const std::string& run, std::int64_t time_ns,
              const std::function<void(RunEvent&)>& more = {}) {
    RunEvent event;
    event.kind = kind;
    event.run = run;
    event.job = "job";
    if (kind == RunEvent::Kind::start) event.trigger = "cron";
    if (kind == RunEvent::Kind::end) event.exit_code = 0;
    if (more) more(event);
    Batch batch;
    batch.tool = "local";
    batch.redacted = true;
    batch.streams.push_back(Labels{{"job", "job"}});
    for (int i = 0; i < count; ++i) {
      event.time_ns = time_ns + i * kSecond;
      batch.records.push_back(to_record(event, batch.arena));
    }
    std::vector<Batch> batches;
    batches.push_back(std::move(batch));
    REQUIRE(store->append(std::move(batches)));
  }
  // As what tells of a frozen run remembers it.
  void remember_frozen(const std::string& run) {
    store::RecordWrite changes;
    changes.put(std::string(query::kFrozenRuns), joined_key("local", run), "key");
    REQUIRE(records->write(changes));
  }
  void check(const std::string& plan) {
    event(RunEvent::Kind::check, "", now, [&](RunEvent& e) { e.schedule = plan; });
  }
  void run(const std::string& id, std::int64_t start_ns, std::int64_t end_ns = 0) {
    event(RunEvent::Kind::start, id, start_ns);
    if (end_ns != 0) event(RunEvent::Kind::end, id, end_ns);
  }
  void tick_at(std::int64_t time_ns) {
    now = time_ns;
    const auto done = schedule->tick(now);
    if (!done) FAIL(done.error().message);
  }
  // The job's runs that are entries of ticks, oldest first, as words.
  std::string entries() {
    auto runs = store->ledger().runs("local", {});
    REQUIRE(runs);
    std::string words;
    for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
      if (!run->missed && !run->skipped) continue;
      const auto& event = run->missed ? run->missed : run->skipped;
      words += (words.empty() ? "" : " ") + std::string(store::name(run->outcome())) + "@" +
               std::to_string((event->time_ns - kStart) / kMinute) +
               (event->other.empty() ? "" : "/" + event->other);
    }
    return words;
  }
  Outcome outcome(const std::string& run) {
    auto found = store->ledger().run("local", run);
    REQUIRE(found);
    REQUIRE(found->has_value());
    return (*found)->outcome();
  }

  query::TestStore store;
  std::unique_ptr<query::Intake> intake;
  std::unique_ptr<LedgerRecords> records;
  Options options;
  std::unique_ptr<Schedule> schedule;
  std::int64_t now = kStart;
  bool lines = false;
  std::string frozen;
};

TEST_CASE("a tick without a run is missed after its grace, once") {
  Watched w;
  w.check("0 * * * *");
  w.tick_at(kStart + 60 * kMinute + 4 * kMinute);
  CHECK(w.entries() == "");
  w.tick_at(kStart + 65 * kMinute);
  CHECK(w.entries() == "missed@60");
  w.tick_at(kStart + 66 * kMinute);
  CHECK(w.entries() == "missed@60");
  w.open();  // as after a restart
  w.tick_at(kStart + 80 * kMinute);
  CHECK(w.entries() == "missed@60");
}

TEST_CASE("a run near its tick is what was expected") {
  Watched w;
  w.check("0 * * * *");
  w.run("a", kStart + 60 * kMinute + kSecond, kStart + 61 * kMinute);
  w.tick_at(kStart + 70 * kMinute);
  CHECK(w.entries() == "");
}

TEST_CASE("a tick that finds the run before alive is skipped") {
  Watched w;
  w.check("0 * * * *");
  w.run("a", kStart + kMinute);
  w.event(RunEvent::Kind::sample, "a", kStart + 64 * kMinute);
  w.tick_at(kStart + 66 * kMinute);
  CHECK(w.entries() == "skipped@60/a");
}

TEST_CASE("a run that comes late closes the missed tick") {
  Watched w;
  w.check("0 * * * *");
  w.tick_at(kStart + 66 * kMinute);
  CHECK(w.entries() == "missed@60");
  w.run("late", kStart + 80 * kMinute, kStart + 81 * kMinute);
  w.tick_at(kStart + 82 * kMinute);
  CHECK(w.entries() == "missed@60/late");
}

TEST_CASE("ticks from when the server was down wait for the collectors, then count") {
  Watched w;
  w.check("0 * * * *");
  w.tick_at(kStart + kMinute);
  w.now = kStart + 130 * kMinute;
  w.open();
  w.tick_at(kStart + 131 * kMinute);
  CHECK(w.entries() == "");
  w.run("a", kStart + 120 * kMinute, kStart + 121 * kMinute);  // from the collector's spool
  w.tick_at(kStart + 136 * kMinute);
  CHECK(w.entries() == "missed@60");
}

TEST_CASE("a check that is gone expects nothing more, a changed one from now on") {
  Watched w;
  w.check("0 * * * *");
  w.now = kStart + 30 * kMinute;
  SECTION("gone") {
    w.event(RunEvent::Kind::check_gone, "", w.now);
    w.tick_at(kStart + 100 * kMinute);
    CHECK(w.entries() == "");
  }
  SECTION("changed") {
    w.check("45 * * * *");
    w.tick_at(kStart + 90 * kMinute);
    CHECK(w.entries() == "missed@45");
  }
  SECTION("unreadable") {
    w.check("what is this");
    w.tick_at(kStart + 100 * kMinute);
    CHECK(w.entries() == "");
  }
}

TEST_CASE("a period counts from the last sign of the job") {
  Watched w;
  w.check("every 1h");
  w.run("a", kStart + 30 * kMinute, kStart + 31 * kMinute);
  w.tick_at(kStart + 90 * kMinute);
  CHECK(w.entries() == "");
  w.tick_at(kStart + 97 * kMinute);
  CHECK(w.entries() == "missed@91");
  w.run("b", kStart + 110 * kMinute, kStart + 111 * kMinute);
  w.tick_at(kStart + 112 * kMinute);
  CHECK(w.entries() == "missed@91/b");
  w.tick_at(kStart + 170 * kMinute);
  CHECK(w.entries() == "missed@91/b");
}

TEST_CASE("a run without a sign of life is lost, unless it writes") {
  Watched w;
  w.run("a", kStart);
  w.event(RunEvent::Kind::sample, "a", kStart + kMinute);
  w.tick_at(kStart + kMinute);
  w.lines = true;
  w.tick_at(kStart + 7 * kMinute);
  CHECK(w.outcome("a") == Outcome::running);
  w.lines = false;
  w.tick_at(kStart + 11 * kMinute);
  CHECK(w.outcome("a") == Outcome::running);
  w.tick_at(kStart + 13 * kMinute);
  CHECK(w.outcome("a") == Outcome::lost);
  w.event(RunEvent::Kind::end, "a", kStart + 14 * kMinute);
  CHECK(w.outcome("a") == Outcome::succeeded);
}

TEST_CASE("a run started by a ping has the check's grace to be done") {
  Watched w;
  w.event(RunEvent::Kind::check, "", kStart, [](RunEvent& e) {
    e.schedule = "0 0 1 1 *";
    e.grace_ms = 10 * 60'000;
  });
  w.event(RunEvent::Kind::start, "a", kStart, [](RunEvent& e) { e.trigger = "ping"; });
  w.tick_at(kStart + 9 * kMinute);
  CHECK(w.outcome("a") == Outcome::running);
  w.tick_at(kStart + 11 * kMinute);
  CHECK(w.outcome("a") == Outcome::lost);
}

TEST_CASE("a run that is silent and idle beyond its job's habit is frozen until it works again") {
  Watched w;
  w.event(RunEvent::Kind::start, "good", kStart - 60 * kMinute);
  w.event(RunEvent::Kind::end, "good", kStart - 30 * kMinute,
          [](RunEvent& e) { e.max_quiet_ms = 5 * 60'000; });
  w.run("a", kStart);
  const auto sample = [&](int minute, int quiet_minutes, std::int64_t cpu_ms) {
    w.event(RunEvent::Kind::sample, "a", kStart + minute * kMinute, [&](RunEvent& e) {
      e.quiet_ms = quiet_minutes * 60'000;
      e.cpu_ms = cpu_ms;
    });
    w.tick_at(kStart + minute * kMinute);
  };
  sample(1, 0, 100);
  sample(13, 12, 150);
  CHECK(w.frozen == "");  // within three times its habit
  SECTION("idle") {
    sample(17, 16, 160);
    CHECK(w.frozen == "a:frozen");
    sample(18, 17, 160);
    CHECK(w.frozen == "a:frozen");
    SECTION("output again") {
      sample(19, 0, 200);
      CHECK(w.frozen == "a:frozen a:resumed");
    }
    SECTION("ended") {
      w.event(RunEvent::Kind::end, "a", kStart + 19 * kMinute);
      w.tick_at(kStart + 19 * kMinute);
      CHECK(w.frozen == "a:frozen a:ended");
    }
  }
  SECTION("computing") {
    sample(17, 16, 300'000);
    CHECK(w.frozen == "");
  }
}

TEST_CASE("a frozen run that ended while nobody looked is over after a restart") {
  Watched w;
  w.run("a", kStart);
  w.run("b", kStart);
  w.remember_frozen("a");
  w.remember_frozen("b");
  w.remember_frozen("forgotten");
  w.schedule.reset();
  w.event(RunEvent::Kind::end, "a", kStart + kMinute);
  w.open();
  CHECK(w.frozen == "a:ended forgotten:ended");
  w.event(RunEvent::Kind::end, "b", kStart + 2 * kMinute);
  w.tick_at(kStart + 2 * kMinute);
  CHECK(w.frozen == "a:ended forgotten:ended b:ended");
}

TEST_CASE("more events than may wait are made up for from the ledger") {
  Watched w;
  w.remember_frozen("a");
  w.run("a", kStart);
  w.tick_at(kStart + kSecond);
  CHECK(w.frozen == "");
  w.open();
  w.event(RunEvent::Kind::check, "", kStart, [](RunEvent& e) {
    e.job = "gone";
    e.schedule = "0 * * * *";
  });
  w.tick_at(kStart + 2 * kSecond);
  w.check("0 * * * *");
  w.event(RunEvent::Kind::check_gone, "", kStart, [](RunEvent& e) { e.job = "gone"; });
  for (std::size_t n = 0; n <= Schedule::kMaxQueue; n += 1'000) {
    w.events(1'000, RunEvent::Kind::sample, "b", kStart + static_cast<std::int64_t>(n) * kSecond);
  }
  w.event(RunEvent::Kind::end, "a", kStart + kMinute);
  w.run("c", kStart + kMinute);
  w.tick_at(kStart + kMinute);
  CHECK(w.frozen == "a:ended");
  w.tick_at(kStart + 66 * kMinute);
  CHECK(w.outcome("c") == Outcome::lost);
  CHECK(w.entries() == "skipped@60/c");
}

TEST_CASE("what is expected again after a while is not missed in between") {
  Watched w;
  w.check("0 * * * *");
  w.run("a", kStart + 60 * kMinute, kStart + 61 * kMinute);
  w.tick_at(kStart + 70 * kMinute);
  w.event(RunEvent::Kind::check_gone, "", w.now);
  w.tick_at(kStart + 71 * kMinute);
  w.now = kStart + 190 * kMinute;
  w.check("0 * * * *");
  w.tick_at(kStart + 200 * kMinute);
  CHECK(w.entries() == "");
}

// A message that cannot go out yet: nobody listens on port 1.
Options told_by_mail(std::function<std::int64_t()> now) {
  Options options;
  options.mail.url = "smtp://127.0.0.1:1";
  options.mail.from = "alerts@example.org";
  options.recipients = {"*=mailto:owner@example.org"};
  options.now = std::move(now);
  return options;
}

std::size_t count(store::Ledger& ledger, std::string_view table) {
  std::size_t n = 0;
  REQUIRE(
      ledger.each_record(table, "", [&](std::string_view, std::string_view) { return ++n > 0; }));
  return n;
}

TEST_CASE("a verdict, its incident and its message are one write") {
  query::TestStore store;
  const auto intake = query::direct_intake(*store);
  std::int64_t now = kStart;
  auto alerts = Alerts::start(told_by_mail([&] { return now; }), *store, *intake);
  REQUIRE(alerts);
  auto& ledger = store->ledger();
  const auto judge = [&](const std::string& id, Outcome outcome, bool write) {
    store::Run run;
    run.tool = "bot";
    run.id = id;
    run.job = "report";
    run.start = RunEvent{};
    run.start->time_ns = now - kMinute;
    run.end = RunEvent{};
    run.end->time_ns = now;
    store::Judgement judgement;
    judgement.outcome = outcome;
    judgement.headline = "it broke";
    judgement.fingerprint = "f1";
    store::RecordWrite changes;
    REQUIRE((*alerts)->judged(run, judgement, "{}", changes));
    if (write) REQUIRE(ledger.write(changes));
    std::string keys;
    for (const auto& operation : changes.operations) keys += operation.table + operation.key + "\n";
    return keys;
  };
  const auto lost = judge("r1", Outcome::failed, false);  // killed before the write
  CHECK(count(ledger, "alert_outbox") == 0);
  CHECK(judge("r1", Outcome::failed, true) == lost);
  CHECK(count(ledger, "alert_outbox") == 1);
  CHECK(judge("r1", Outcome::failed, true) == "");
  judge("r2", Outcome::failed, true);
  CHECK(count(ledger, "alert_outbox") == 1);
  auto open = (*alerts)->incidents("bot", "report", true);
  REQUIRE(open);
  REQUIRE(open->size() == 1);
  CHECK(open->front().failures == 2);
  now += kMinute;
  judge("r3", Outcome::succeeded, true);
  CHECK(count(ledger, "alert_outbox") == 2);
  CHECK((*alerts)->incidents("bot", "", true)->empty());
  CHECK((*alerts)->incidents("bot", "", false)->size() == 1);
  CHECK((*alerts)->incidents("other", "", false)->empty());
  CHECK((*alerts)->incident(open->front().id)->has_value());
  (*alerts)->stop();
}

TEST_CASE("the incident of a run that froze and ended is closed by the next start") {
  Watched w;
  w.run("a", kStart);
  Incident incident;
  incident.id = "f1";
  incident.tool = "local";
  incident.job = "job";
  incident.kind = Kind::frozen;
  incident.first_run = incident.last_run = "a";
  incident.opened_ns = incident.last_bad_ns = kStart;
  store::RecordWrite changes;
  changes.put("incidents", incident.key(), incident.encode());
  changes.put("incident_keys", incident.id, incident.key());
  changes.put(std::string(query::kFrozenRuns), joined_key("local", "a"), incident.key());
  REQUIRE(w.records->write(changes));
  w.event(RunEvent::Kind::end, "a", kStart + kMinute);
  auto alerts = Alerts::start(told_by_mail([&] { return w.now; }), *w.store, *w.intake);
  REQUIRE(alerts);
  (*alerts)->stop();
  CHECK((*alerts)->incidents("local", "", true)->empty());
  CHECK((*alerts)->incidents("local", "", false)->size() == 1);
  CHECK(count(w.store->ledger(), query::kFrozenRuns) == 0);
}

TEST_CASE("what is kept of jobs goes with them, however much it is") {
  Watched w;
  w.run("a", kStart);
  const std::string tables[] = {"alert_jobs", "alert_ticks", "first_seen"};
  for (const auto& table : tables) {
    store::RecordWrite changes;
    changes.put(table, joined_key("local", "job"), "{}");
    for (int i = 0; i < 2'500; ++i) {
      changes.put(table, joined_key("local", "gone" + std::to_string(i)), "{}");
    }
    changes.put(table, joined_key(joined_key("other", "job"), "fingerprint"), "{}");
    REQUIRE(w.records->write(changes));
  }
  REQUIRE(sweep(*w.records, w.store->ledger(), kStart));
  for (const auto& table : tables) CHECK(count(w.store->ledger(), table) == 1);
}

TEST_CASE("incidents are kept for 400 days, and a job's state as long as its incident") {
  Watched w;
  store::RecordWrite changes;
  for (const bool open : {true, false}) {
    Incident incident;
    incident.id = open ? "open" : "closed";
    incident.tool = "local";
    incident.job = incident.id;
    incident.opened_ns = incident.last_bad_ns = kStart;
    incident.closed_ns = open ? 0 : kStart + kMinute;
    JobState state;
    state.incident = incident.key();
    changes.put("incidents", incident.key(), incident.encode());
    changes.put("incident_keys", incident.id, incident.key());
    changes.put("alert_jobs", joined_key("local", incident.job), state.encode());
  }
  REQUIRE(w.records->write(changes));
  const auto left = [&](std::int64_t days) {
    REQUIRE(sweep(*w.records, w.store->ledger(), kStart + days * 24 * 60 * kMinute));
    return count(w.store->ledger(), "incidents") + count(w.store->ledger(), "incident_keys") +
           count(w.store->ledger(), "alert_jobs");
  };
  CHECK(left(399) == 6);
  CHECK(left(401) == 0);
}

TEST_CASE("recipients without a server to reach them are refused at the start") {
  query::TestStore store;
  const auto intake = query::direct_intake(*store);
  auto rule = GENERATE(as<std::string>(), "*=mailto:a@b.org", "*=irc:#bot");
  Options options;
  options.recipients = {rule};
  CHECK(Alerts::start(options, *store, *intake).error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::alerts
