#include "store/ledger.h"

#include <catch2/catch.hpp>

#include "store/store_fixture.h"

using namespace logboom;
using namespace logboom::store;

namespace {

constexpr std::int64_t kNow = kStart;

class Fixture {
 public:
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = must_open(options_in(dir_, clock_));
  }

 private:
  TempDir dir_;
  Clock clock_;
  std::unique_ptr<Store> store_ = must_open(options_in(dir_, clock_));
};

RunEvent event(RunEvent::Kind kind, const std::string& run, const std::string& job,
               std::int64_t seconds) {
  RunEvent event;
  event.kind = kind;
  event.run = run;
  event.job = job;
  event.time_ns = kNow + seconds * kSecond;
  return event;
}

RunEvent ended(const std::string& run, const std::string& job, std::int64_t seconds, int code) {
  auto result = event(RunEvent::Kind::end, run, job, seconds);
  result.exit_code = code;
  return result;
}

Batch events_of(const std::string& tool, const std::vector<RunEvent>& events) {
  Batch batch;
  batch.tool = tool;
  batch.redacted = true;
  batch.streams.emplace_back(Labels{{"job", "x"}});
  for (const auto& e : events) batch.records.push_back(to_record(e, batch.arena));
  return batch;
}

void append(Store& store, const std::string& tool, const std::vector<RunEvent>& events) {
  std::vector<Batch> batches;
  batches.push_back(events_of(tool, events));
  REQUIRE(store.append(std::move(batches)));
}

std::vector<std::string> ids(const std::vector<Run>& runs) {
  std::vector<std::string> result;
  for (const auto& run : runs) result.push_back(run.id);
  return result;
}

using Kind = RunEvent::Kind;
using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a run is the fold of its events, in any order and however often they come") {
  Fixture fixture;
  auto& store = fixture.store();
  const std::vector<RunEvent> all{event(Kind::start, "r1", "backup", 0),
                                  event(Kind::sample, "r1", "", 1), ended("r1", "backup", 2, 3)};
  SECTION("in order") { append(store, "a", all); }
  SECTION("the end first, and twice") {
    append(store, "a", {all[2]});
    append(store, "a", {all[0], all[1]});
    append(store, "a", all);
  }
  fixture.reopen();
  auto& ledger = fixture.store().ledger();
  const auto run = ledger.run("a", "r1");
  REQUIRE(run);
  REQUIRE(*run);
  CHECK((*run)->outcome() == Outcome::failed);
  CHECK((*run)->job == "backup");
  CHECK((*run)->time_ns() == kNow);
  CHECK((*run)->end_ns() == kNow + 2 * kSecond);
  CHECK(ledger.samples("a", "r1")->size() == 1);
  CHECK(ids(*ledger.runs("a", {.job = "backup"})) == Ids{"r1"});
  CHECK((*ledger.find("r1"))->tool == "a");
  CHECK_FALSE(*ledger.run("b", "r1"));
  CHECK(ledger.pending(10)->size() == 1);
  // Events are no lines.
  std::size_t lines = 0;
  REQUIRE(fixture.store().snapshot("a").scan({.start = 0, .end = INT64_MAX}, all_of_it,
                                             [&](const LineView&) { ++lines; }));
  CHECK(lines == 0);
}

TEST_CASE("events among lines leave the lines as they are") {
  Fixture fixture;
  Batch batch = events_of("a", {event(Kind::start, "r1", "j", 0)});
  for (int i = 0; i < 3; ++i) {
    batch.records.push_back(
        {.time_ns = kNow + i, .body = batch.arena.copy("line " + std::to_string(i))});
    if (i == 1) batch.records.push_back(to_record(event(Kind::sample, "r1", "", 1), batch.arena));
  }
  batch.records.push_back(to_record(ended("r1", "j", 2, 0), batch.arena));
  std::uint64_t position = 10;
  for (auto& record : batch.records) record.position = position += 10;
  batch.span = SourceSpan{"run-r1/1", 0, position};
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  const auto appended = fixture.store().append(std::move(batches));
  REQUIRE(appended);
  CHECK(fixture.store().next_position("run-r1/1") == position);
  for (const bool sealed : {false, true}) {
    if (sealed) REQUIRE(fixture.store().seal_all());
    std::vector<std::string> bodies;
    REQUIRE(fixture.store().snapshot("a").scan(
        {.start = 0, .end = INT64_MAX, .newest_first = false}, all_of_it,
        [&](const LineView& line) { bodies.emplace_back(line.body); }));
    CHECK(bodies == Ids{"line 0", "line 1", "line 2"});
  }
  CHECK((*fixture.store().ledger().run("a", "r1"))->outcome() == Outcome::succeeded);
}

TEST_CASE("runs are listed newest first, of one job or of all") {
  Fixture fixture;
  for (int i = 0; i < 6; ++i) {
    const auto id = "r" + std::to_string(i);
    const std::string job = i % 2 ? "odd" : "even";
    append(fixture.store(), "a",
           {event(Kind::start, id, job, i * 10), ended(id, job, i * 10 + 5, i % 3)});
  }
  append(fixture.store(), "a", {event(Kind::missed, "m", "odd", 100)});
  auto& ledger = fixture.store().ledger();
  CHECK(*ledger.jobs("a") == Ids{"even", "odd"});
  CHECK(ledger.jobs("b")->empty());
  CHECK(ledger.tools() == Ids{"a"});
  CHECK(ids(*ledger.runs("a", {})) == Ids{"m", "r5", "r4", "r3", "r2", "r1", "r0"});
  CHECK(ids(*ledger.runs("a", {.job = "even", .limit = 2})) == Ids{"r4", "r2"});
  CHECK(ids(*ledger.runs("a", {.job = "odd", .before_ns = kNow + 50 * kSecond})) ==
        Ids{"r3", "r1"});
  CHECK(ids(*ledger.runs("a", {.since_ns = kNow + 40 * kSecond})) == Ids{"m", "r5", "r4"});
  CHECK(ids(*ledger.runs("a", {.wanted = [](const Run& run) { return is_bad(run.outcome()); }})) ==
        Ids{"m", "r5", "r4", "r2", "r1"});
}

TEST_CASE("a verdict ends a run's being pending, unless it ended anew meanwhile") {
  Fixture fixture;
  auto& ledger = fixture.store().ledger();
  append(fixture.store(), "a", {event(Kind::start, "r", "j", 0), event(Kind::lost, "r", "j", 9)});
  const auto pending = ledger.pending(10);
  REQUIRE(pending->size() == 1);
  RecordWrite write;
  write.put("incidents", "i1", "open");
  write.verdicts.push_back(
      {.tool = "a",
       .run = "r",
       .judgement = {.outcome = Outcome::lost, .cause = "platform/never_ended"},
       .json = "{}",
       .sketch = "s",
       .mark = pending->front().mark});
  const bool anew = GENERATE(false, true);
  if (anew) append(fixture.store(), "a", {ended("r", "j", 20, 0)});
  REQUIRE(ledger.write(write));
  fixture.reopen();
  auto& again = fixture.store().ledger();
  CHECK(again.pending(10)->size() == (anew ? 1 : 0));
  CHECK((*again.run("a", "r"))->outcome() == (anew ? Outcome::succeeded : Outcome::lost));
  CHECK(*again.verdict("a", "r") == "{}");
  CHECK(*again.sketch("a", "r") == "s");
  CHECK(*again.record("incidents", "i1") == "open");
}

TEST_CASE("records are kept by table and key, and read in order") {
  Fixture fixture;
  auto& ledger = fixture.store().ledger();
  RecordWrite write;
  for (const auto* key : {"b2", "a1", "b1"}) write.put("t", key, key);
  write.put("tt", "b3", "other");
  REQUIRE(ledger.write(write));
  Ids keys;
  REQUIRE(ledger.each_record("t", "b", [&](std::string_view key, std::string_view value) {
    CHECK(key == value);
    keys.emplace_back(key);
    return true;
  }));
  CHECK(keys == Ids{"b1", "b2"});
  RecordWrite removal;
  removal.remove("t", "b1");
  REQUIRE(ledger.write(removal));
  CHECK_FALSE(*ledger.record("t", "b1"));
  RecordWrite wrong;
  wrong.put("T", "x", "y");
  CHECK(ledger.write(wrong).error().code == Errc::invalid);
}

TEST_CASE("checks are what was expected last") {
  Fixture fixture;
  auto check = event(Kind::check, "", "j", 0);
  check.schedule = "0 3 * * *";
  append(fixture.store(), "a", {check});
  REQUIRE(fixture.store().ledger().checks("a")->size() == 1);
  CHECK(fixture.store().ledger().checks("a")->front().schedule == "0 3 * * *");
  append(fixture.store(), "a", {event(Kind::check_gone, "", "j", 1)});
  CHECK(fixture.store().ledger().checks("a")->empty());
}

TEST_CASE("events out of Kafka are kept like others, also when they are read again") {
  Fixture fixture;
  for (int times = 0; times < 2; ++times) {
    std::vector<Logged> messages(2);
    messages[0].offset = 0;
    messages[0].batches.push_back(events_of("a", {event(Kind::start, "r", "j", 0)}));
    messages[1].offset = 1;
    messages[1].batches.push_back(events_of("a", {ended("r", "j", 5, 1)}));
    for (auto& message : messages) message.append_time_ns = kNow;
    REQUIRE(fixture.store().append_logged(3, std::move(messages)));
    CHECK(fixture.store().next_offset(3) == 2);
    CHECK(ids(*fixture.store().ledger().runs("a", {})) == Ids{"r"});
    CHECK(fixture.store().ledger().pending(9)->size() == 1);
    CHECK(scan_all(fixture.store().snapshot("a")).empty());
    fixture.reopen();
  }
  CHECK((*fixture.store().ledger().find("r"))->outcome() == Outcome::failed);
}

TEST_CASE("a malformed event is dropped alone") {
  Fixture fixture;
  auto batch = events_of("a", {event(Kind::start, "bad id", "j", 0),
                               event(Kind::start, "r", "j", 0), event(Kind::start, "r2", "", 0)});
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  REQUIRE(fixture.store().append(std::move(batches)));
  CHECK(ids(*fixture.store().ledger().runs("a", {})) == Ids{"r"});
}

TEST_CASE("old runs are forgotten with all there is of them") {
  Fixture fixture;
  auto& ledger = fixture.store().ledger();
  for (int i = 0; i < 5; ++i) {
    const auto id = "r" + std::to_string(i);
    append(fixture.store(), "a",
           {event(Kind::start, id, "j", i), event(Kind::sample, id, "", i), ended(id, "j", i, 0)});
  }
  CHECK(*ledger.forget(kNow + 3 * kSecond) == 3);
  CHECK(ids(*ledger.runs("a", {})) == Ids{"r4", "r3"});
  CHECK_FALSE(*ledger.find("r0"));
  CHECK(ledger.samples("a", "r0")->empty());
  CHECK(ledger.pending(10)->size() == 2);
}

TEST_CASE("subscribers hear of events after their commit") {
  Fixture fixture;
  std::vector<std::string> heard;
  auto subscription = fixture.store().ledger().subscribe(
      [&](const std::string& tool, const RunEvent& e) { heard.push_back(tool + "/" + e.run); });
  append(fixture.store(), "a", {event(Kind::start, "r", "j", 0)});
  subscription.reset();
  append(fixture.store(), "a", {event(Kind::start, "r2", "j", 0)});
  CHECK(heard == Ids{"a/r"});
}

TEST_CASE("a run stays the tool's that named it first") {
  Fixture fixture;
  append(fixture.store(), "a", {event(Kind::start, "r", "j", 0)});
  append(fixture.store(), "b", {event(Kind::start, "r", "mine", 5), ended("r", "mine", 9, 0)});
  auto& ledger = fixture.store().ledger();
  CHECK((*ledger.find("r"))->tool == "a");
  CHECK((*ledger.find("r"))->outcome() == Outcome::running);
  CHECK((*ledger.run("b", "r"))->outcome() == Outcome::succeeded);
  // Forgetting the other's run leaves this one findable.
  append(fixture.store(), "c", {event(Kind::start, "r", "old", -1'000)});
  REQUIRE(*ledger.forget(kNow - 100 * kSecond) == 1);
  CHECK((*ledger.find("r"))->tool == "a");
}

TEST_CASE("tools take turns in waiting for their verdicts") {
  Fixture fixture;
  for (int i = 0; i < 20; ++i) {
    append(fixture.store(), "busy", {ended("b" + std::to_string(i), "j", i, 1)});
  }
  append(fixture.store(), "quiet", {ended("q", "j", 100, 1)});
  const auto& ledger = fixture.store().ledger();
  const auto pending = ledger.pending(4);
  REQUIRE(pending->size() == 5);
  CHECK((*pending)[0].run == "b0");
  CHECK((*pending)[1].run == "q");
  // Those that wait for their log keep nobody else from his turn.
  const auto more = ledger.pending(
      4, [&](const Ledger::Pending& one) { return one == (*pending)[0] || one == (*pending)[2]; });
  CHECK(more->size() == 7);
}

TEST_CASE("a clock that is far ahead puts no run behind all that comes after it") {
  Fixture fixture;
  append(fixture.store(), "a",
         {event(Kind::start, "ahead", "j", 5 * 365 * 86'400),
          ended("ahead", "j", 5 * 365 * 86'400, 1)});
  append(fixture.store(), "a",
         {event(Kind::start, "now", "j", 3'600), ended("now", "j", 3'601, 0)});
  const auto run = *fixture.store().ledger().run("a", "ahead");
  CHECK(run->time_ns() == kNow + 86'400 * kSecond);
  CHECK(run->clock_ahead);
  CHECK_FALSE((*fixture.store().ledger().run("a", "now"))->clock_ahead);
}

TEST_CASE("samples of a clock that is far ahead do not replace each other") {
  Fixture fixture;
  std::vector<RunEvent> events{event(Kind::start, "ahead", "j", 5 * 365 * 86'400)};
  for (int i = 1; i <= 3; ++i) {
    events.push_back(event(Kind::sample, "ahead", "", 5 * 365 * 86'400 + i));
    events.back().memory_bytes = i;
  }
  append(fixture.store(), "a", events);
  std::vector<std::int64_t> memory;
  const auto samples = fixture.store().ledger().samples("a", "ahead");
  for (const auto& sample : samples.value()) {
    CHECK(sample.time_ns == kNow + 86'400 * kSecond);
    memory.push_back(sample.memory_bytes);
  }
  CHECK(memory == std::vector<std::int64_t>{1, 2, 3});
  CHECK((*fixture.store().ledger().run("a", "ahead"))->last_sample->memory_bytes == 3);
  CHECK(*fixture.store().ledger().forget(kNow + 2 * 86'400 * kSecond) == 1);
  CHECK(fixture.store().ledger().samples("a", "ahead")->empty());
}

TEST_CASE("one busy job does not hide the others' runs") {
  Fixture fixture;
  append(fixture.store(), "a", {event(Kind::start, "z", "zzz", 500), ended("z", "zzz", 501, 1)});
  for (int i = 0; i < 30; ++i) {
    const auto id = "r" + std::to_string(i);
    append(fixture.store(), "a", {event(Kind::start, id, "aaa", i), ended(id, "aaa", i, 0)});
  }
  const auto failed = [](const Run& run) { return is_bad(run.outcome()); };
  const auto found =
      fixture.store().ledger().runs("a", {.limit = 5, .wanted = failed, .look_at_most = 10});
  CHECK(ids(*found) == Ids{"z"});
}

TEST_CASE("a run that lives is not forgotten, however long ago it began") {
  Fixture fixture;
  append(fixture.store(), "a", {event(Kind::start, "old", "web", 0)});
  append(fixture.store(), "a", {event(Kind::sample, "old", "", 1'000)});
  append(fixture.store(), "a", {event(Kind::start, "gone", "web", 1)});
  auto& ledger = fixture.store().ledger();
  CHECK(*ledger.forget(kNow + 500 * kSecond) == 1);
  CHECK(ids(*ledger.runs("a", {})) == Ids{"old"});
  append(fixture.store(), "a", {ended("old", "web", 2'000, 0)});
  CHECK(ids(*ledger.runs("a", {.job = "web"})) == Ids{"old"});
}

TEST_CASE("a run whose end nobody saw is neither good nor bad") {
  Fixture fixture;
  append(fixture.store(), "a", {event(Kind::start, "r", "j", 0), ended("r", "j", 5, -1)});
  const auto run = *fixture.store().ledger().run("a", "r");
  CHECK(run->outcome() == Outcome::ended);
  CHECK_FALSE(is_bad(run->outcome()));
  CHECK(parse_outcome(name(Outcome::ended)) == Outcome::ended);
}
