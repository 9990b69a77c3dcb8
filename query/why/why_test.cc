#include "query/why/why.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <random>

namespace logboom::query::why {
namespace {

// A job of many everyday lines, some of which speak of harmless trouble, and what it printed
// besides when it failed.
std::string everyday(unsigned seed, std::size_t lines = 40) {
  std::mt19937 random(seed);
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto n = random() % 900 + 5;
    text += "2026-03-04 05:06:" + std::to_string(10 + i % 50) + " nightly: part " +
            std::to_string(i) + " done, " + std::to_string(n) + " rows, 0 errors\n";
    if (random() % 9 == 0) {
      text += "nightly: WARNING part " + std::to_string(i) +
              ": connection reset by peer, retrying (attempt 1)\n";
    }
    if (random() % 11 == 0)
      text += "nightly: ERROR thumbnail " + std::to_string(n) + " kept as is\n";
  }
  return text;
}

std::vector<LogLine> lines_of(std::string_view text) {
  std::vector<LogLine> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(
        {static_cast<std::uint32_t>(lines.size() + 1), Channel::unknown, 0, text.substr(0, end)});
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

RunEvent ended(std::int64_t exit_code) {
  RunEvent end;
  end.kind = RunEvent::Kind::end;
  end.job = "nightly";
  end.exit_code = exit_code;
  end.wall_ms = 900;
  end.quiet_ms = 3;
  end.max_quiet_ms = 40;
  end.oom_kills = 0;
  return end;
}

std::vector<Sketch> good_runs(const std::string& ending, unsigned count = 10) {
  std::vector<Sketch> good;
  for (unsigned seed = 0; seed < count; ++seed) {
    Facts facts;
    facts.end = ended(0);
    const auto text = everyday(100 + seed) + ending;
    good.push_back(sketch(lines_of(text), facts));
  }
  return good;
}

constexpr std::string_view kGoodEnd = "nightly: 5120 rows stored\nnightly: finished\n";

Verdict explained(const std::string& text, const RunEvent& end, unsigned good = 10) {
  Case the_case;
  the_case.facts.end = end;
  the_case.lines = lines_of(text);
  the_case.good = good_runs(std::string(kGoodEnd), good);
  return explain(the_case);
}

std::string slot_of(const Verdict& verdict, std::string_view name) {
  for (const auto& [key, value] : verdict.slots) {
    if (key == name) return value;
  }
  return {};
}

struct Row {
  std::string_view name, text;
  std::int64_t exit_code;
  std::string_view cause, top, slot;  // top: part of the first cited line
};

constexpr Row kRows[] = {
    {"rsync",
     "rsync: connection unexpectedly closed (0 bytes received so far) [sender]\nrsync error: "
     "error in rsync protocol data stream (code 12) at io.c(231)\nnightly: mirror failed",
     12, "external/reset", "unexpectedly closed", ""},
    {"password",
     "pg_dump: error: connection to server at \"db\" failed: FATAL:  password "
     "authentication failed for user \"dump\"\nnightly: no dump written",
     1, "external/auth", "password authentication", "user=dump"},
    {"mistake after trouble that was got over",
     "nightly: fetch of list 7: connection refused, using the copy of yesterday\nTraceback (most "
     "recent call last):\n  File \"/srv/n.py\", line 3, in mean\n    return total / count\n"
     "ZeroDivisionError: division by zero\nnightly: run failed",
     1, "code/exception", "ZeroDivisionError", "exception=ZeroDivisionError"},
    {"summary of its own after the cause",
     "ERROR store: cannot write part 3: [Errno 28] No space left on device\nERROR store: cannot "
     "write part 4: [Errno 28] No space left on device\nTraceback (most recent call last):\n  File "
     "\"/srv/n.py\", line 3, in main\n    raise NightlyError(n)\nNightlyError: 2 parts failed",
     1, "resource/disk_full", "No space left", ""},
    {"not found", "wget: server returned error: HTTP/1.1 404 Not Found\nnightly: list not updated",
     8, "external/http_status", "404", "status=404"},
    {"file of a Go program",
     "2026/03/04 05:06:07 open conf/nightly.yaml: no such file or directory", 1,
     "script/file_missing", "no such file", "file=conf/nightly.yaml"},
    {"host key",
     "Host key verification failed.\nfatal: Could not read from remote repository.\n"
     "nightly: pull failed with status 128",
     128, "external/auth", "Host key", ""},
    {"git's lock",
     "fatal: Unable to create '/srv/r/.git/index.lock': File exists.\n\nAnother git process seems "
     "to "
     "be running in this repository\nnightly: pull failed",
     128, "data/lock_conflict", "index.lock", "file=/srv/r/.git/index.lock"},
    {"database slots",
     "Exception in thread \"main\" shop.StoreException: cannot store\n\tat "
     "shop.Store.put(Store.java:3)\nCaused by: org.postgresql.util.PSQLException: FATAL: remaining "
     "connection slots are reserved\n\tat org.postgresql.Driver.connect(Driver.java:9)\n\t... 1 "
     "more",
     1, "external/database", "remaining connection slots", ""},
    {"rust",
     "thread 'main' panicked at src/feed.rs:40:9:\nindex out of bounds: the len is 3 but the "
     "index is 3\nnote: run with `RUST_BACKTRACE=1` environment variable",
     101, "code/exception", "index out of bounds", ""},
    {"php",
     "PHP Fatal error:  Uncaught TypeError: count(): Argument #1 must be of type array, null "
     "given in /srv/n.php:7\nStack trace:\n#0 /srv/n.php(7): count()\n#1 {main}\n  thrown in "
     "/srv/n.php on line 7",
     255, "code/exception", "TypeError", "exception=TypeError"},
    {"crash of a child",
     "nightly.sh: line 14: 4711 Segmentation fault      (core dumped) ./resize a.png\nnightly: 1 "
     "picture not resized\nnightly: run failed",
     1, "code/crash_signal", "Segmentation fault", "signal=SIGSEGV"},
    {"job before it",
     "required job nightly-export has not finished, giving up\nnightly: nothing stored", 1,
     "control/upstream_failed", "nightly-export", "job=nightly-export"},
    {"certificate",
     "curl: (60) SSL certificate problem: certificate has expired\nMore details here: "
     "https://curl.se/docs/sslcerts.html\nnightly: feed not fetched",
     60, "external/tls", "certificate has expired", ""},
    {"name",
     "nightly: asking mirror\ncurl: (6) Could not resolve host: mirror.farm.example\ngzip: "
     "stdin: unexpected end of file\nnightly: feed not unpacked",
     1, "external/dns", "Could not resolve host", "host=mirror.farm.example"},
    {"missing program",
     "nightly.sh: line 9: pigzz: command not found\nnightly: finished with status 127", 127,
     "script/command_not_found", "pigzz", "command=pigzz"},
    {"not executable",
     "nightly.sh: line 9: ./bin/pack: Permission denied\nnightly: finished with "
     "status 126",
     126, "platform/exec_denied", "./bin/pack", "file=./bin/pack"},
    {"variable", "nightly.sh: 4: TARGET: parameter not set", 2, "script/unset_variable", "TARGET",
     "variable=TARGET"},
    {"module",
     "Error: Cannot find module 'sharp'\nRequire stack:\n- /srv/n.js\n    at "
     "Module._resolveFilename (node:internal/modules/cjs/loader:1145:15)\n    at "
     "Object.<anonymous> (/srv/n.js:1:15) {\n  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js v20.1.0",
     1, "dependency/module_missing", "sharp", "module=sharp"},
    {"port",
     "Error: connect ECONNREFUSED 10.0.0.5:5432\n    at TCPConnectWrap.afterConnect "
     "(node:net:1495:16) {\n  code: 'ECONNREFUSED',\n  port: 5432\n}\n\nNode.js v20.1.0",
     1, "external/connect", "ECONNREFUSED", "port=5432"},
    {"no words for it", "nightly: quux is wobbly\n", 3, "unknown", "", ""},
};

}  // namespace

TEST_CASE("a failed job's cause stands above what followed from it") {
  const auto& row = GENERATE(from_range(std::begin(kRows), std::end(kRows)));
  CAPTURE(row.name);
  const auto verdict = explained(everyday(7) + std::string(row.text), ended(row.exit_code));
  CHECK(verdict.outcome == "failed");
  CHECK(verdict.cause == row.cause);
  REQUIRE_FALSE(verdict.lines.empty());
  CAPTURE(verdict.lines[0].text, verdict.headline);
  CHECK(verdict.lines[0].text.find(row.top) != std::string::npos);
  const auto equals = row.slot.find('=');
  if (equals != std::string_view::npos) {
    CHECK(slot_of(verdict, row.slot.substr(0, equals)) == row.slot.substr(equals + 1));
  }
  CHECK_FALSE(verdict.headline.empty());
  CHECK_FALSE(verdict.fingerprint.empty());
}

TEST_CASE("every cited line is a line of the log, and the top one lies in the excerpt") {
  const auto& row = GENERATE(from_range(std::begin(kRows), std::end(kRows)));
  const auto text = everyday(8) + std::string(row.text);
  const auto lines = lines_of(text);
  const auto verdict = explained(text, ended(row.exit_code));
  for (const auto& cited : verdict.lines) {
    REQUIRE(cited.number >= 1);
    REQUIRE(cited.number <= lines.size());
    CHECK(cited.text == lines[cited.number - 1].text);
  }
  CHECK(verdict.lines.size() <= kMaxCited);
  CHECK(verdict.excerpt.size() <= 3);
  bool covered = false;
  for (const auto& [first, last] : verdict.excerpt) {
    CHECK(first <= last);
    covered |= first <= verdict.lines[0].number && verdict.lines[0].number <= last;
  }
  CHECK(covered);
}

TEST_CASE("equal failures have equal fingerprints, others have not") {
  std::vector<std::string> seen;
  for (const auto& row : kRows) {
    const auto first = explained(everyday(21) + std::string(row.text), ended(row.exit_code));
    const auto second = explained(everyday(22) + std::string(row.text), ended(row.exit_code));
    CAPTURE(row.name);
    CHECK(first.fingerprint == second.fingerprint);
    for (const auto& other : seen) CHECK(other != first.fingerprint);
    seen.push_back(first.fingerprint);
  }
}

TEST_CASE("the same case gives the same bytes") {
  const auto text = everyday(3) + std::string(kRows[3].text);
  CHECK(to_json(explained(text, ended(1))) == to_json(explained(text, ended(1))));
}

TEST_CASE("a good run is good, however much it complains") {
  const auto extra = GENERATE(values<std::string>({
      "",
      "nightly: ERROR geo cache: No such file or directory, a new one is made\n",
      "nightly: WARNING mail: connection refused, will retry tomorrow\n",
      "nightly: 0 warnings\n",
  }));
  CAPTURE(extra);
  for (unsigned seed = 30; seed < 50; ++seed) {
    const auto verdict = explained(everyday(seed) + extra + std::string(kGoodEnd), ended(0));
    CHECK(verdict.outcome == "succeeded");
    CHECK(verdict.cause.empty());
    CHECK(verdict.fingerprint.empty());
  }
}

TEST_CASE("exit code 0 is doubted when the work was not done") {
  SECTION("a part of a pipe failed") {
    const auto verdict =
        explained(everyday(5) +
                      "dump: error: 1045: Access denied for user 'dump'@'localhost'\nnightly: "
                      "warning: dump is empty\nnightly: finished\n",
                  ended(0));
    CHECK(verdict.outcome == "suspect");
    CHECK(verdict.cause == "script/pipe_hidden");
    CHECK(verdict.lines[0].text.find("Access denied") != std::string::npos);
  }
  SECTION("a number that never was 0 is 0, and there are fewer lines") {
    const auto verdict =
        explained(everyday(5, 5) + "nightly: 0 rows stored\nnightly: finished\n", ended(0));
    CHECK(verdict.outcome == "suspect");
    CHECK(verdict.cause == "data/silent_success");
    CHECK(verdict.lines[0].text == "nightly: 0 rows stored");
  }
  SECTION("the run before it was still at work") {
    const auto verdict =
        explained("nightly: another instance is already running, leaving\n", ended(0));
    CHECK(verdict.outcome == "skipped");
    CHECK(verdict.cause == "control/overlap_skipped");
  }
  SECTION("without good runs nothing is doubted") {
    CHECK(explained("nightly: 0 rows stored\n", ended(0), 0).outcome == "succeeded");
  }
}

TEST_CASE("what was got over names no cause of an error that no words explain") {
  const auto warned = "nightly: warning: flags server unreachable, using compiled-in defaults\n" +
                      everyday(5) + "nightly: ERROR the books of May are a riddle\n";
  CHECK(explained(warned, ended(1)).cause == "unknown");
  CHECK(explained(warned, ended(1)).lines[0].text ==
        "nightly: ERROR the books of May are a riddle");
  const auto cause = "nightly: warning: flags server unreachable, using compiled-in defaults\n" +
                     everyday(5) + "nightly: ERROR cannot resolve db.example.org: unknown host\n";
  CHECK(explained(cause, ended(1)).cause == "external/dns");
}

TEST_CASE("success that is denied is nothing that was got over") {
  const auto log =
      everyday(5) +
      "nightly: ERROR copy not replaced: connection refused by db1.example.org:5432\n" +
      "nightly: ERROR the books of May are a riddle\n";
  CHECK(explained(log, ended(1)).cause == "external/connect");
}

TEST_CASE("what good runs write as often as they like may be rare today") {
  const auto run = [](int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i) text += "stored page " + std::to_string(i) + "\n";
    for (int i = 0; i < 60; ++i) text += "checked table " + std::to_string(i) + "\n";
    return text;
  };
  const auto verdict = [&](std::initializer_list<int> good, int today) {
    Case the_case;
    the_case.facts.end = ended(0);
    std::vector<std::string> texts;
    for (const int lines : good) texts.push_back(run(lines));
    for (const auto& text : texts) the_case.good.push_back(sketch(lines_of(text), the_case.facts));
    const auto text = run(today);
    the_case.lines = lines_of(text);
    return explain(the_case);
  };
  CHECK(verdict({20, 90, 400, 5'000, 31, 77, 200, 64}, 2).outcome == "succeeded");
  const auto shrunk = verdict({50, 60, 55, 70, 52, 80, 61, 59}, 2);
  CHECK(shrunk.outcome == "suspect");
  CHECK(std::ranges::any_of(shrunk.evidence, [](const auto& one) {
    return one.text == "of one kind of line it wrote 2, its good runs at least 50";
  }));
}

TEST_CASE("an excerpt that shows a stack trace shows its error too") {
  std::string trace = "Traceback (most recent call last):\n";
  for (int i = 0; i < 9; ++i) {
    trace += "  File \"/srv/load.py\", line " + std::to_string(i + 3) + ", in step" +
             std::to_string(i) + "\n    self.step(row)\n";
  }
  const auto chained = trace +
                       "KeyError: 'city'\n\nThe above exception was the direct cause of the "
                       "following exception:\n\n" +
                       trace + "ImportFailed: row 17 could not be imported\n";
  const auto before = everyday(5);
  const auto last = static_cast<std::uint32_t>(std::ranges::count(before + chained, '\n'));
  for (const unsigned good : {0U, 10U}) {
    const auto verdict = explained(before + chained, ended(1), good);
    CHECK(std::ranges::any_of(verdict.excerpt, [&](const auto& range) {
      return range.first <= last && last <= range.second;
    }));
  }
}

TEST_CASE("a headline says what the line knows of a connection") {
  const auto of = [](const std::string& line) {
    return explained(everyday(5) + line + "\n", ended(1)).headline;
  };
  CHECK(of("ConnectionRefusedError: [Errno 111] Connection refused") ==
        "Connection refused: nothing listens there");
  CHECK(of("curl: (28) Connection timed out after 5001 milliseconds") == "No answer in time");
  CHECK(of("connect to 10.0.0.9 port 5432 failed: No route to host").find("unreachable") !=
        std::string::npos);
}

TEST_CASE("the first new error is no consequence, whatever its last words") {
  const auto verdict =
      explained(everyday(5) +
                    "nightly: ERROR the journal of May is in the hands of kira and gave up\n"
                    "nightly: ERROR balance sheet not written\n",
                ended(1));
  REQUIRE_FALSE(verdict.lines.empty());
  CHECK(verdict.lines[0].text.find("kira") != std::string::npos);
}

TEST_CASE("last words that mean little name a cause where the exit code agrees") {
  const auto usage = everyday(5) + "usage: nightly.sh WIKI DATE\n";
  CHECK(explained(usage, ended(2), 0).cause == "script/bad_args");
  CHECK(explained(usage, ended(1)).cause == "script/bad_args");
  CHECK(explained(usage, ended(7)).cause == "unknown");
  const auto died = everyday(5) + "totals differ at bin/nightly.pl line 30, <$in> line 4.\n";
  CHECK(explained(died, ended(255), 0).cause == "code/exception");
  CHECK(explained(died, ended(1)).cause == "unknown");
}

TEST_CASE("log text proves no exit code, signal or kill") {
  auto end = ended(1);
  end.oom_kills = 0;
  const auto verdict = explained(
      everyday(5) + "Memory cgroup out of memory: Killed process 17 (x) oom_kill 1\n", end);
  for (const auto& evidence : verdict.evidence) CHECK(evidence.kind != "oom_kill");
  CHECK(verdict.confidence < 90);
}

TEST_CASE("a log that has not arrived in full is said to be incomplete") {
  Case the_case;
  the_case.facts.end = ended(1);
  the_case.facts.log_complete = false;
  const auto verdict = explain(the_case);
  CHECK(verdict.cause == "unknown");
  REQUIRE_FALSE(verdict.evidence.empty());
  CHECK(verdict.evidence.back().text.find("log incomplete") != std::string::npos);
}

TEST_CASE("a file without a run is read as a failure") {
  Case the_case;
  the_case.facts.from_file = true;
  const std::string text = everyday(9) + "cp: error writing 'a': No space left on device\n";
  the_case.lines = lines_of(text);
  const auto verdict = explain(the_case);
  CHECK(verdict.outcome == "failed");
  CHECK(verdict.cause == "resource/disk_full");
}

TEST_CASE("no lines are a log too") {
  Case the_case;
  CHECK(explain(the_case).outcome == "running");
  the_case.facts.end = ended(7);
  const auto verdict = explain(the_case);
  CHECK(verdict.cause == "unknown");
  CHECK(verdict.lines.empty());
  CHECK(verdict.headline.find("7") != std::string::npos);
}

TEST_CASE("a verdict's JSON reads back as the verdict") {
  Verdict verdict;
  verdict.outcome = "failed";
  verdict.cause = "external/dns";
  verdict.confidence = 97;
  verdict.headline = "quotes \" and \\, \n and caf\xc3\xa9";
  verdict.slots = {{"host", "a.example"}};
  verdict.lines = {{3, "x\ty"}, {1, ""}};
  verdict.excerpt = {{1, 3}, {7, 7}};
  verdict.evidence = {{"rule", "it says so", 3}, {"exit", "exit code 1", std::nullopt}};
  verdict.fingerprint = "abc";
  const auto json = to_json(verdict);
  CAPTURE(json);
  const auto again = from_json(json);
  REQUIRE(again.has_value());
  CHECK(to_json(*again) == json);
  CHECK(again->headline == verdict.headline);
  CHECK(again->confidence == 97);
  CHECK(again->lines.size() == 2);
  CHECK(again->excerpt == verdict.excerpt);
  CHECK(again->evidence[0].line == std::optional<std::uint32_t>(3));
  CHECK_FALSE(again->evidence[1].line.has_value());
}

TEST_CASE("what is no verdict is refused") {
  const auto json = GENERATE(values<std::string_view>(
      {"", "null", "[]", "{", "3", "{\"outcome\":3}", "{\"outcome\":\"failed\"", "\xff\xfe"}));
  CAPTURE(json);
  CHECK_FALSE(from_json(json).has_value());
}

TEST_CASE("bytes that are no text do not reach the JSON") {
  Verdict verdict;
  verdict.outcome = "failed";
  verdict.headline = std::string("a\xff\xc3(\x00z\xed\xa0\x80", 9);
  const auto again = from_json(to_json(verdict));
  REQUIRE(again.has_value());
  CHECK(again->headline.find("z") != std::string::npos);
}

}  // namespace logboom::query::why
