// Runs over HTTP: from a ping or an event to a verdict, its history and its lines.
#include <simdjson.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>

#include "query/runs/frozen.h"
#include "query/runs/history.h"
#include "query/runs/judge.h"
#include "query/runs/run_lines.h"
#include "query/runs/runs_api.h"
#include "query/test_api.h"

using namespace logboom;
using namespace logboom::query;
using Kind = RunEvent::Kind;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class Runs : public TestApi {
 public:
  Runs() {
    runs_api.store = &*store;
    runs_api.judge = &judge;
    runs_api.intake = intake.get();
    runs_api.redactor = &redactor;
    runs_api.now = [this] { return now; };
    add_run_routes(router, runs_api);
  }

  // A run of `job` at `at` seconds with its lines, ended with `code`.
  void ran(const std::string& id, const std::string& job, std::int64_t at, int code,
           const std::vector<std::string>& lines, std::uint64_t beyond = 0) {
    Batch batch;
    batch.tool = "local";
    batch.redacted = true;
    batch.streams.emplace_back(Labels{{"job", job}, {"stream", "stdout"}});
    batch.columns.emplace_back("run", batch.arena.copy(id));
    auto event = this->event(Kind::start, id, job, at);
    event.command = "./" + job;
    batch.records.push_back(to_record(event, batch.arena));
    for (const auto& line : lines) {
      batch.records.push_back({.time_ns = event.time_ns, .body = batch.arena.copy(line)});
    }
    auto end = this->event(Kind::end, id, job, at + 5);
    end.exit_code = code;
    end.wall_ms = 5'000;
    end.memory_bytes = 100 << 20;
    batch.records.push_back(to_record(end, batch.arena));
    std::uint64_t position = 0;
    for (auto& record : batch.records) record.position = position += 10;
    batch.span = SourceSpan{"run-" + id + "/1", 0, position};
    if (beyond > 0) {
      auto& last = batch.records.back();
      end.sources = {{"run-" + id + "/1", position + beyond}};
      last = to_record(end, batch.arena);
      last.position = position;
    }
    std::vector<Batch> batches;
    batches.push_back(std::move(batch));
    REQUIRE(store->append(std::move(batches)));
  }

  RunEvent event(Kind kind, const std::string& id, const std::string& job, std::int64_t at) const {
    RunEvent event;
    event.kind = kind;
    event.time_ns = kNow + at * kSecond;
    event.run = id;
    event.job = job;
    return event;
  }

  // The member at a JSON pointer, as text.
  std::string at(const std::string& target, const std::string& pointer) {
    const auto response = get(target);
    INFO(target << ": " << response.body);
    REQUIRE(response.status == 200);
    return member(response.body, pointer);
  }
  static std::string member(const std::string& body, const std::string& pointer) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    INFO(body);
    REQUIRE(parser.parse(body).get(root) == simdjson::SUCCESS);
    simdjson::dom::element found;
    if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "absent";
    std::string_view text;
    if (found.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(found);
  }

  std::int64_t now = kNow;
  Judge judge{*store};
  RunsApi runs_api;
};

// What is written to standard error meanwhile.
class StandardError {
 public:
  StandardError() : before_(::dup(STDERR_FILENO)) {
    REQUIRE(file_ != nullptr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~StandardError() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    std::fclose(file_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

  [[nodiscard]] std::size_t count(std::string_view words) const {
    std::string text(1 << 16, '\0');
    text.resize(static_cast<std::size_t>(
        std::max<ssize_t>(::pread(::fileno(file_), text.data(), text.size(), 0), 0)));
    std::size_t count = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
      ++count;
    }
    return count;
  }

 private:
  std::FILE* file_ = std::tmpfile();
  int before_;
};

const std::vector<std::string> kGood{"starting", "reading input", "wrote 12 rows", "done"};
const std::vector<std::string> kBad{"starting",
                                    "reading input",
                                    "Traceback (most recent call last):",
                                    "  File \"/srv/x.py\", line 3, in <module>",
                                    "    main()",
                                    "KeyError: 'currency'"};

}  // namespace

TEST_CASE("a failing run gets its verdict, its history and its lines") {
  Runs runs;
  runs.ran("g1", "etl", 0, 0, kGood);
  runs.ran("g2", "etl", 100, 0, kGood);
  runs.ran("b1", "etl", 200, 1, kBad);
  runs.ran("b2", "etl", 300, 1, kBad);
  std::size_t hooked = 0;
  Judge judge(*runs.store,
              [&](const store::Run& run, const store::Judgement& judgement, std::string_view json,
                  store::RecordWrite& write) -> Result<void> {
                ++hooked;
                CHECK(json.find("\"run\":\"" + run.id + "\"") != std::string_view::npos);
                write.put("seen", run.id, std::string(store::name(judgement.outcome)));
                return {};
              });
  REQUIRE(judge.judge_pending() == 4);
  CHECK(hooked == 4);
  CHECK(*runs.store->ledger().record("seen", "b1") == "failed");
  CHECK(runs.store->ledger().pending(9)->empty());

  CHECK(runs.at("/api/v1/why?job=etl", "/run") == "b2");
  CHECK(runs.at("/api/v1/why?job=etl", "/class") == "code/exception");
  CHECK(runs.at("/api/v1/why?job=etl", "/failing_since/run") == "b1");
  CHECK(runs.at("/api/v1/why?job=etl", "/first_seen/run") == "b1");
  CHECK(runs.at("/api/v1/why?job=etl", "/last_good/run") == "g2");
  CHECK(runs.at("/api/v1/why?job=etl", "/failures") == "2");
  CHECK(runs.at("/api/v1/runs/b2/why", "/lines/0/text") == "KeyError: 'currency'");
  CHECK(runs.at("/api/v1/runs/b2/why", "/lines/0/n") == "6");
  CHECK(runs.at("/api/v1/runs/b2/why?refresh=1", "/class") == "code/exception");
  CHECK(runs.at("/api/v1/runs/g1", "/outcome") == "succeeded");
  CHECK(runs.at("/api/v1/runs/b2", "/verdict/class") == "code/exception");
  CHECK(runs.at("/api/v1/runs?failed=1", "/runs/0/id") == "b2");
  CHECK(runs.at("/api/v1/runs?failed=1", "/runs/2/id") == "absent");
  CHECK(runs.at("/api/v1/runs/b2/lines", "/lines/5/text") == kBad[5]);
  CHECK(runs.at("/api/v1/runs/b2/lines", "/total") == "6");
  CHECK(runs.get("/api/v1/runs/b2/lines?format=text&first=2&last=2").body == "reading input\n");
  CHECK(runs.at("/api/v1/runs/b2/compare", "/good/id") == "g2");
  CHECK(runs.at("/api/v1/runs/b2/compare", "/new/0/n") == "3");
  CHECK(runs.at("/api/v1/runs/b2/compare", "/missing/0/text") == "wrote 12 rows");
  CHECK(runs.at("/api/v1/jobs", "/jobs/0/failing_since/run") == "b1");
  CHECK(runs.at("/api/v1/jobs", "/jobs/0/failures") == "2");
  CHECK(runs.at("/api/v1/health", "/jobs/0/state") == "failing");
  CHECK(runs.at("/api/v1/health", "/problems") == "1");
  CHECK(runs.at("/api/v1/usage?job=etl", "/peak_bytes/max") == std::to_string(100 << 20));
  CHECK(runs.at("/api/v1/usage?job=etl", "/suggested_memory_bytes") == std::to_string(128 << 20));
}

TEST_CASE("health calls late and frozen what the clock has found so, and nothing else") {
  Runs runs;
  const auto put = [&](const RunEvent& event) {
    Batch batch;
    batch.tool = "local";
    batch.redacted = true;
    batch.streams.emplace_back(Labels{{"job", event.job}});
    batch.records.push_back(to_record(event, batch.arena));
    std::vector<Batch> batches;
    batches.push_back(std::move(batch));
    REQUIRE(runs.store->append(std::move(batches)));
  };
  auto sample = runs.event(Kind::sample, "r", "etl", 3'000);
  sample.quiet_ms = 40 * 60'000;
  sample.quiet_cpu_ms = 30 * 60'000;
  put(runs.event(Kind::start, "r", "etl", 0));
  put(sample);
  CHECK(runs.at("/api/v1/health", "/jobs/0/state") == "running");  // silent, but it computes
  store::RecordWrite frozen;
  frozen.put(std::string(kFrozenRuns), std::string("local") + '\0' + "r", "");
  REQUIRE(runs.store->ledger().write(frozen));
  CHECK(runs.at("/api/v1/health", "/jobs/0/state") == "frozen");
  CHECK(runs.at("/api/v1/health", "/jobs/0/text") == "no output and no CPU for 40 min");

  auto check = runs.event(Kind::check, "", "backup", 0);
  check.schedule = "0 * * * *";
  runs.ran("b", "backup", 10, 0, kGood);
  put(check);
  runs.now += 3 * 3600 * kSecond;  // just started: what happened meanwhile is still on its way
  CHECK(runs.at("/api/v1/health", "/jobs/0/state") == "ok");
  put(runs.event(Kind::missed, "tick", "backup", 3600));
  CHECK(runs.at("/api/v1/health", "/jobs/0/job") == "backup");
  CHECK(runs.at("/api/v1/health", "/jobs/0/state") == "late");
  CHECK(runs.at("/api/v1/health", "/problems") == "2");
}

TEST_CASE("of the jobs in trouble the one that failed last comes first, the others by name") {
  Runs runs;
  runs.ran("a1", "a-old-trouble", 10, 1, kBad);
  runs.ran("n1", "new-trouble", 20, 1, kBad);
  runs.ran("z1", "zebra", 30, 0, kGood);
  runs.ran("f1", "fine", 40, 0, kGood);
  const auto order = [&](const std::string& target) {
    std::vector<std::string> names;
    for (int i = 0; i < 4; ++i) {
      names.push_back(runs.at(target, "/jobs/" + std::to_string(i) + "/job"));
    }
    return names;
  };
  using Names = std::vector<std::string>;
  const auto target = GENERATE("/api/v1/jobs", "/api/v1/jobs?all_tools=1", "/api/v1/health");
  CAPTURE(target);
  CHECK(order(target) == Names{"new-trouble", "a-old-trouble", "fine", "zebra"});
  runs.ran("a2", "a-old-trouble", 50, 1, kBad);
  CHECK(order(target) == Names{"a-old-trouble", "new-trouble", "fine", "zebra"});
}

TEST_CASE("a verdict is the same bytes each time it is computed") {
  Runs runs;
  runs.ran("g1", "etl", 0, 0, kGood);
  runs.ran("b1", "etl", 200, 1, kBad);
  REQUIRE(runs.judge.judge_pending() == 2);
  const auto stored = runs.get("/api/v1/runs/b1/why").body;
  CHECK(runs.get("/api/v1/runs/b1/why?refresh=1").body == stored);
  runs.ran("g3", "etl", 300, 0, kGood);  // what comes later changes nothing
  CHECK(runs.get("/api/v1/runs/b1/why?refresh=1").body == stored);
}

TEST_CASE("a log that is not complete is waited for, and then said to be incomplete") {
  Runs runs;
  runs.ran("b1", "etl", 0, 1, kBad, 50);
  REQUIRE(runs.judge.judge_pending() == 1);
  CHECK(runs.at("/api/v1/runs/b1/why", "/complete") == "false");
  CHECK(runs.get("/api/v1/runs/b1/why").body.find("incomplete") != std::string::npos);
}

TEST_CASE("the judge's thread judges what ends, once its last line has come") {
  Runs runs;
  runs.judge.start();
  runs.ran("b1", "etl", 0, 1, kBad, 10);
  Batch rest;
  rest.tool = "local";
  rest.redacted = true;
  rest.streams.emplace_back(Labels{{"job", "etl"}});
  rest.columns.emplace_back("run", "b1");
  rest.records.push_back(
      {.time_ns = TestApi::kNow, .position = 90, .body = "ValueError: last words"});
  rest.span = SourceSpan{"run-b1/1", 80, 90};
  std::vector<Batch> batches;
  batches.push_back(std::move(rest));
  REQUIRE(runs.store->append(std::move(batches)));
  CHECK(runs.at("/api/v1/runs/b1/why", "/complete") == "true");
  CHECK(runs.at("/api/v1/runs/b1/lines", "/total") == "7");
  runs.judge.stop();
}

TEST_CASE("what is not there is said so") {
  Runs runs;
  auto [target, status] = GENERATE(table<std::string, int>({
      {"/api/v1/runs/nope", 404},
      {"/api/v1/runs/nope/why", 404},
      {"/api/v1/runs/a%20b", 400},
      {"/api/v1/runs?job=none", 404},
      {"/api/v1/runs?limit=x", 400},
      {"/api/v1/runs?before=soon", 400},
      {"/api/v1/why?job=none", 404},
      {"/api/v1/why", 400},
      {"/api/v1/usage?job=none", 404},
      {"/api/v1/runs", 200},
      {"/api/v1/jobs", 200},
      {"/api/v1/health", 200},
  }));
  CAPTURE(target);
  CHECK(runs.get(target).status == status);
}

TEST_CASE("pings make runs") {
  Runs runs;
  CHECK(runs.get("/ping/backup/start").body == "OK");
  CHECK(runs.at("/api/v1/runs?job=backup", "/runs/0/outcome") == "running");
  runs.now += 90 * kSecond;
  CHECK(runs.call("POST", "/ping/backup/3", "copying\nmail to a@example.org failed\n").status ==
        200);
  REQUIRE(runs.judge.judge_pending() == 1);
  CHECK(runs.at("/api/v1/runs?job=backup", "/runs/0/outcome") == "failed");
  CHECK(runs.at("/api/v1/runs?job=backup", "/runs/0/exit_code") == "3");
  CHECK(runs.at("/api/v1/runs?job=backup", "/runs/0/wall_ms") == "90000");
  CHECK(runs.at("/api/v1/runs?job=backup", "/runs/1/id") == "absent");
  const auto id = runs.at("/api/v1/runs?job=backup", "/runs/0/id");
  CHECK(runs.at("/api/v1/runs/" + id + "/lines", "/lines/1/text") == "mail to <email> failed");

  SECTION("a success by itself is a run that has ended") {
    runs.now += kSecond;
    CHECK(runs.get("/ping/other/backup").status == 200);  // of the tool `other`
    CHECK(runs.at("/api/v1/runs?job=backup&tool=other", "/runs/0/outcome") == "succeeded");
  }
  SECTION("with rid two runs of a check may overlap") {
    for (const auto* rid : {"a", "b"}) {
      CHECK(runs.get(std::string("/ping/backup/start?rid=") + rid).status == 200);
      runs.now += kSecond;
    }
    CHECK(runs.get("/ping/backup/fail?rid=a").status == 200);
    CHECK(runs.get("/ping/backup?rid=b").status == 200);
    CHECK(runs.at("/api/v1/runs?job=backup", "/runs/0/outcome") == "succeeded");
    CHECK(runs.at("/api/v1/runs?job=backup", "/runs/1/outcome") == "failed");
    CHECK(runs.at("/api/v1/runs?job=backup", "/runs/3/id") == "absent");
  }
  SECTION("a ping may say what is expected") {
    CHECK(runs.get("/ping/backup?schedule=0+3+*+*+*&zone=Europe/Berlin&grace=10m").status == 200);
    const auto checks = runs.store->ledger().checks("local");
    REQUIRE(checks->size() == 1);
    CHECK(checks->front().schedule == "0 3 * * *");
    CHECK(checks->front().grace_ms == 600'000);
    CHECK(runs.at("/api/v1/jobs", "/jobs/0/schedule") == "0 3 * * *");
    CHECK(runs.at("/api/v1/jobs", "/jobs/0/next") != "absent");
  }
  SECTION("a wrong one is refused") {
    auto target = GENERATE("/ping/backup/256", "/ping/backup/maybe/x/y", "/ping/b%01",
                           "/ping/backup?schedule=hourly", "/ping/backup?period=1h&zone=Mars",
                           "/ping/backup?period=1s", "/ping/backup?period=1h&grace=-5m");
    CAPTURE(target);
    CHECK(runs.get(target).status >= 400);
  }
}

TEST_CASE("a clock set back during a run hides none of its lines") {
  Runs runs;
  runs.ran("g1", "etl", 0, 0, kGood);
  Batch batch;
  batch.tool = "local";
  batch.redacted = true;
  batch.streams.emplace_back(Labels{{"job", "etl"}});
  batch.columns.emplace_back("run", "b1");
  batch.records.push_back(to_record(runs.event(Kind::start, "b1", "etl", 100), batch.arena));
  for (const auto& line : kBad) {
    batch.records.push_back(
        {.time_ns = TestApi::kNow - 3'500 * kSecond, .body = batch.arena.copy(line)});
  }
  auto end = runs.event(Kind::end, "b1", "etl", -3'490);
  end.exit_code = 1;
  batch.records.push_back(to_record(end, batch.arena));
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  REQUIRE(runs.store->append(std::move(batches)));
  REQUIRE(runs.judge.judge_pending() == 2);
  CHECK(runs.at("/api/v1/runs/b1/why", "/class") == "code/exception");
}

TEST_CASE("a clock far ahead hides none of its run's lines, however late they are asked for") {
  Runs runs;
  const auto began = GENERATE(0, 48 * 3'600);  // the clock was set ahead later, or before
  Batch batch;
  batch.tool = "local";
  batch.redacted = true;
  batch.streams.emplace_back(Labels{{"job", "etl"}});
  batch.columns.emplace_back("run", "b1");
  batch.records.push_back(to_record(runs.event(Kind::start, "b1", "etl", began), batch.arena));
  for (const auto& line : kBad) {
    batch.records.push_back(
        {.time_ns = TestApi::kNow + 48 * 3'600 * kSecond, .body = batch.arena.copy(line)});
  }
  auto end = runs.event(Kind::end, "b1", "etl", 48 * 3'600);
  end.exit_code = 1;
  batch.records.push_back(to_record(end, batch.arena));
  // Out of a topic, so that its commit is years ago.
  std::vector<store::Logged> messages(1);
  messages[0].append_time_ns = TestApi::kNow;
  messages[0].batches.push_back(std::move(batch));
  REQUIRE(runs.store->append_logged(3, std::move(messages)));
  const auto run = *runs.store->ledger().run("local", "b1");
  REQUIRE(run);
  CHECK(run->end_ns() == TestApi::kNow + 24 * 3'600 * kSecond);
  const auto read = read_run_lines(*runs.store, *run);
  REQUIRE(read);
  CHECK(read->lines.size() == kBad.size());
}

TEST_CASE("runs whose log never comes keep no other tool's from being judged") {
  Runs runs;
  for (int i = 0; i < 100; ++i) {
    runs.ran("w" + std::to_string(i), "stuck", i, 1, {"a line"}, 1'000);
  }
  runs.judge.start();
  Batch batch;
  batch.tool = "other";
  batch.redacted = true;
  batch.streams.emplace_back(Labels{{"job", "quick"}});
  auto end = runs.event(Kind::end, "q", "quick", 1'000);
  end.exit_code = 1;
  batch.records.push_back(to_record(end, batch.arena));
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  REQUIRE(runs.store->append(std::move(batches)));
  // The answer waits for the judge's thread; by itself it would come without a stored verdict.
  CHECK(runs.at("/api/v1/runs/q/why?tool=other", "/outcome") == "failed");
  CHECK(*runs.store->ledger().verdict("other", "q"));
  runs.judge.stop();
}

TEST_CASE("a run that waits for its log keeps none that ended in its moment from being judged") {
  Runs runs;
  std::vector<std::string> order;  // the judge's thread's, until it has stopped
  Judge judge(*runs.store,
              [&](const store::Run& run, const store::Judgement&, std::string_view,
                  store::RecordWrite&) -> Result<void> {
                order.push_back(run.id);
                return {};
              });
  runs.ran("a", "stuck", 0, 1, {"a line"}, 1'000);
  runs.ran("b", "quick", 0, 1, {"a line"});
  runs.runs_api.judge = &judge;
  judge.start();
  CHECK(runs.at("/api/v1/runs/b/why", "/complete") == "true");
  judge.stop();
  REQUIRE_FALSE(order.empty());
  CHECK(order.front() == "b");
}

TEST_CASE("a history is not wrong because an older verdict was early") {
  Runs runs;
  runs.ran("b0", "j", 0, 1, kBad);
  runs.ran("b1", "j", 20, 1, kBad);
  REQUIRE(runs.judge.judge_pending() == 2);
  runs.ran("g", "j", 10, 0, kGood);  // came late
  runs.ran("b2", "j", 30, 1, kBad);
  REQUIRE(runs.judge.judge_pending() == 2);
  CHECK(runs.at("/api/v1/runs/b2/why", "/failing_since/run") == "b1");
  CHECK(runs.at("/api/v1/runs/b2/why", "/last_good/run") == "g");
  CHECK(runs.at("/api/v1/runs/b2/why", "/failures") == "2");
  CHECK(runs.at("/api/v1/jobs", "/jobs/0/failures") == "2");
}

TEST_CASE("a long row of failures is known to its beginning") {
  Runs runs;
  runs.ran("g", "j", 0, 0, kGood);
  for (int i = 1; i <= 40; ++i) runs.ran("b" + std::to_string(i), "j", 10 * i, 1, kBad);
  REQUIRE(runs.judge.judge_pending() == 41);
  runs.ran("last", "j", 1'000, 1, kBad);  // not judged yet
  CHECK(runs.at("/api/v1/jobs", "/jobs/0/failures") == "41");
  CHECK(runs.at("/api/v1/jobs", "/jobs/0/failing_since/run") == "b1");
  REQUIRE(runs.judge.judge_pending() == 1);
  CHECK(runs.at("/api/v1/runs/last/why", "/failures") == "41");
  CHECK(runs.at("/api/v1/runs/last/why", "/failing_since/run") == "b1");
  CHECK(runs.at("/api/v1/runs/last/why", "/last_good/run") == "g");
}

TEST_CASE("a job's history ends at its last good run, and skipped ticks are no failures") {
  Runs runs;
  runs.ran("b0", "j", 0, 1, kBad);
  runs.ran("g1", "j", 10, 0, kGood);
  runs.ran("b1", "j", 20, 1, kBad);
  Batch batch;
  batch.tool = "local";
  batch.redacted = true;
  batch.streams.emplace_back(Labels{{"job", "j"}});
  batch.records.push_back(to_record(runs.event(Kind::skipped, "s", "j", 30), batch.arena));
  batch.records.push_back(to_record(runs.event(Kind::missed, "m", "j", 40), batch.arena));
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  REQUIRE(runs.store->append(std::move(batches)));
  runs.ran("b2", "j", 50, 1, kBad);
  const auto run = *runs.store->ledger().run("local", "b2");
  const auto history = history_of(runs.store->ledger(), *run);
  REQUIRE(history);
  CHECK(history->failing_since.id == "b1");
  CHECK(history->last_good == ref_of(*runs.store->ledger().run("local", "g1")->operator->()));
  CHECK(history->failures == 3);  // b1, m, b2
  REQUIRE(runs.judge.judge_pending() == 6);
  CHECK(runs.at("/api/v1/runs/m/why", "/class") == "platform/missed_schedule");
  CHECK(runs.at("/api/v1/runs/s/why", "/class") == "control/overlap_skipped");
}

TEST_CASE("of a long run the first and the last lines are read, under their own numbers") {
  Runs runs;
  std::vector<std::string> lines;
  for (int i = 1; i <= 500; ++i) lines.push_back("line " + std::to_string(i));
  runs.ran("long", "etl", 0, 0, lines);
  runs.ran("other", "etl", 1, 0, lines);
  const auto run = *runs.store->ledger().run("local", "long");
  auto [limits, kept, first_of_tail] = GENERATE(table<RunLimits, std::size_t, std::uint32_t>({
      {{.head = 3, .lines = 10}, 10, 494},
      {{.head = 0, .lines = 4}, 4, 497},
      {{.head = 3, .lines = 10, .bytes = 42}, 6, 498},  // "line 500" has 8 bytes, "line 1" 6
      {{}, 500, 4},
  }));
  CAPTURE(kept);
  const auto read = read_run_lines(*runs.store, *run, {}, limits);
  REQUIRE(read);
  CHECK(read->total == 500);
  REQUIRE(read->lines.size() == kept);
  CHECK(read->dropped() == 500 - kept);
  for (const auto& line : read->lines) CHECK(line.text == "line " + std::to_string(line.number));
  const auto head = std::min<std::size_t>(limits.head, 3);
  CHECK(read->lines[head].number == first_of_tail);
  CHECK(read->lines.back().number == 500);
}

TEST_CASE("a run whose verdict cannot be kept stays pending, and the others get theirs") {
  Runs runs;
  runs.ran("b1", "etl", 0, 1, kBad);
  runs.ran("b2", "etl", 10, 1, kBad);
  std::atomic<bool> broken = true;
  std::atomic<int> tried = 0;
  Judge judge(*runs.store,
              [&](const store::Run& run, const store::Judgement&, std::string_view,
                  store::RecordWrite&) -> Result<void> {
                if (run.id != "b1" || !broken) return {};
                ++tried;
                tried.notify_all();
                return fail(Errc::io, "the disk is away");
              });
  runs.runs_api.judge = &judge;
  const StandardError said;
  judge.start();
  CHECK(runs.at("/api/v1/runs/b2/why", "/run") == "b2");
  CHECK((*runs.store->ledger().run("local", "b2"))->judgement);
  CHECK_FALSE((*runs.store->ledger().run("local", "b1"))->judgement);
  CHECK(runs.store->ledger().pending(9)->size() == 1);
  // A turn without an error in between does not make it news again.
  runs.ran("b3", "etl", 20, 1, kBad);
  CHECK(runs.at("/api/v1/runs/b3/why", "/run") == "b3");
  tried.wait(1);
  broken = false;
  CHECK(runs.at("/api/v1/runs/b1/why", "/run") == "b1");
  CHECK((*runs.store->ledger().run("local", "b1"))->judgement);
  judge.stop();
  CHECK(said.count("runs cannot be judged") == 1);
}

TEST_CASE("a suggested memory is what good runs need, and more than what was too little") {
  Runs runs;
  runs.ran("g1", "etl", 0, 0, kGood);  // 100 MiB
  auto [oom_kills, suggested_mib] = GENERATE(table<int, std::int64_t>({{0, 128}, {1, 384}}));
  CAPTURE(oom_kills);
  Batch batch;
  batch.tool = "local";
  batch.redacted = true;
  batch.streams.emplace_back(Labels{{"job", "etl"}});
  auto end = runs.event(Kind::end, "b1", "etl", 10);
  end.exit_code = 137;
  end.memory_bytes = end.memory_limit_bytes = 256 << 20;
  end.oom_kills = oom_kills;
  end.wall_ms = 1'000;
  end.throttled_ms = 31;
  batch.records.push_back(to_record(end, batch.arena));
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  REQUIRE(runs.store->append(std::move(batches)));
  const std::string usage = "/api/v1/usage?job=etl";
  CHECK(runs.at(usage, "/suggested_memory_bytes") == std::to_string(suggested_mib << 20));
  CHECK(runs.at(usage, "/memory_limit_bytes") == std::to_string(256 << 20));
  CHECK(runs.at(usage, "/throttled_percent") == "3");
}

TEST_CASE("a huge line among the first ones does not move the numbers of those behind it") {
  Runs runs;
  std::vector<std::string> lines{"line 1", std::string(60, 'x')};
  for (int i = 3; i <= 100; ++i) lines.push_back("line " + std::to_string(i));
  runs.ran("r", "etl", 0, 0, lines);
  const auto run = *runs.store->ledger().run("local", "r");
  const auto read = read_run_lines(*runs.store, *run, {}, {.head = 5, .lines = 10, .bytes = 50});
  REQUIRE(read);
  REQUIRE(read->lines.size() == 6);
  CHECK(read->lines[0].text == "line 1");
  for (const auto& line : read->lines) CHECK(line.text == "line " + std::to_string(line.number));
}
