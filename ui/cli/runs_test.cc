#include "ui/cli/runs.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "ui/cli/fake_server.h"
#include "ui/cli/golden_for_tests.h"
#include "ui/cli/shell_for_tests.h"

namespace logboom::ui::cli {
namespace {

using Typed = std::vector<std::string>;

void check_golden(const std::string& name, const std::string& text) {
  CAPTURE(name);
  CHECK(text == golden(name, text));
}

// 2026-11-25T13:30:00Z
constexpr std::int64_t kNow = 1'795'613'400LL * 1'000'000'000;

const std::string kVerdict = R"json({
  "run":"7k2m9q4xw8fz","tool":"bot","job":"daily-report","outcome":"failed",
  "class":"external/dns","confidence":0.97,
  "headline":
    "The host ledger-db.infra.example could not be resolved, so the report was not written.",
  "slots":{"host":"ledger-db.infra.example"},
  "lines":[{"n":27,"text":"psycopg2.OperationalError: could not translate host name"},
           {"n":31,"text":"ERROR report not written"}],
  "excerpt":[[14,15],[18,27]],
  "evidence":[{"kind":"exit","text":"It ended with exit code 1."},
              {"kind":"trace","text":"A Python traceback ends here.","line":27}],
  "fingerprint":"ab12","failing_since":{"run":"5aaaaaaaaaa5","started":"2026-11-25T13:03:00Z"},
  "last_good":{"run":"4gggggggggg4","started":"2026-11-24T13:02:00Z"},
  "first_seen":{"run":"1ffffffffff1"},"failures":3,
  "excerpt_lines":[
    {"n":14,"text":"connecting to ledger"},{"n":15,"text":"\u001b[31mretrying\u001b[0m\u202e"},
    {"n":18,"text":"Traceback (most recent call last):"},
    {"n":19,"text":"  File \"/srv/bot/report.py\", line 12, in <module>"},
    {"n":20,"text":"    main()"
},
    {"n":21,
     "text":"  File \"/usr/lib/python3/dist-packages/sqlalchemy/base.py\", line 145, in __init__"},
    {"n":22,"text":"    self._dbapi_connection = engine.raw_connection()"},
    {"n":23,"text":"                             ^^^^^^^^^^^^^^^^^^^^^^^"},
    {"n":24,
     "text":"  File \"/usr/lib/python3/dist-packages/psycopg2/__init__.py\", line 122, in connect"},
    {"n":25,"text":"    conn = _connect(dsn, connection_factory=connection_factory, **kwasync)"},
    {"n":26,"text":"           ^^^^^^^^"},
    {"n":27,"text":"psycopg2.OperationalError: could not translate host name"}],
  "complete":true
})json";
const std::string kRun = R"({
  "id":"7k2m9q4xw8fz","tool":"bot","job":"daily-report","outcome":"failed","trigger":"cron",
  "command":"python3 /srv/bot/report.py --day yesterday","started":"2026-11-25T13:05:00Z",
  "ended":"2026-11-25T13:05:41Z","wall_ms":41000,"exit_code":1,"cpu_ms":2100,
  "peak_bytes":125829120,"memory_limit_bytes":536870912,"read_bytes":1048576,"lines":31,
  "class":"external/dns","confidence":0.97,
  "headline":"The host ledger-db.infra.example could not be resolved."})";
const std::string kGoodRun = R"({
  "id":"4gggggggggg4","tool":"bot","job":"web\u001b[2J","outcome":"succeeded",
  "started":"2026-11-24T13:05:00Z","wall_ms":130000,"exit_code":0,"peak_bytes":1024})";

struct Scene {
  Scene() {
    shell.env["LOGS_URL"] = server.url();
    shell.env["LOGS_TOOL"] = "bot";
    shell.now = [] { return kNow; };
    server.set_api("why", kVerdict);
    server.set_api("runs", R"({"runs":[)" + kRun + "," + kGoodRun + "]}");
    server.set_api("runs/7k2m9q4xw8fz", kRun);
    server.set_api("runs/7k2m9q4xw8fz/why", kVerdict);
  }
  std::string printed(Typed words) {
    if (words[0] != "ping") words.insert(words.end(), {"--tz", "UTC"});
    const auto outcome = shell.run(words);
    CAPTURE(outcome.err);
    CHECK(outcome.code == kOk);
    return outcome.out;
  }
  // Without the query's parameters that every question has.
  [[nodiscard]] std::string asked(std::size_t index) const {
    const auto requests = server.requests();
    return index < requests.size() ? requests[index] : "";
  }
  FakeServer server;
  Shell shell;
};

TEST_CASE("a verdict reads well on a pipe, on a terminal and on a narrow one") {
  Scene scene;
  check_golden("cli_why", scene.printed({"why", "daily-report"}));
  scene.shell.env["LOGS_PAGER"] = "cat";
  scene.shell.out_is_terminal = true;
  check_golden("cli_why_colour", scene.printed({"why", "daily-report"}));
  scene.shell.width = 48;
  check_golden("cli_why_narrow", scene.printed({"why", "daily-report", "--no-color"}));
}

TEST_CASE("a verdict without a cause, and one of a run that went well, say so") {
  Scene scene;
  scene.server.set_api("why", R"({"outcome":"failed","run":"7k2m9q4xw8fz","job":"j","tool":"bot",
      "class":"unknown","confidence":0,"headline":"It ended with exit code 3.",
      "lines":[{"n":3,"text":"boom"}],"complete":false})");
  const auto unknown = scene.printed({"why", "j"});
  CHECK(unknown.find("unknown: nothing proves one") != std::string::npos);
  CHECK(unknown.find("Lines that say it, best first\n  \xe2\x96\xb6 3  boom\n") !=
        std::string::npos);
  CHECK(unknown.find("had not arrived") != std::string::npos);
  scene.server.set_api("why", R"({"outcome":"succeeded","run":"4gggggggggg4","job":"j",
      "tool":"bot","class":"","headline":"It went well.","lines":[]})");
  const auto good = scene.printed({"why", "j"});
  CHECK(good.starts_with("\xe2\x9c\x93 j succeeded\n  It went well.\n"));
  CHECK(good.find("Cause") == std::string::npos);
}

TEST_CASE("lines elsewhere stand in the log's order, and next to the block within it") {
  Scene scene;
  scene.server.set_api("why", R"({"outcome":"failed","run":"7k2m9q4xw8fz","job":"j","tool":"bot",
      "class":"unknown","headline":"Nothing proves a cause.",
      "lines":[{"n":12,"text":"best"},{"n":14,"text":"fourteen"},{"n":13,"text":"thirteen"},
               {"n":30,"text":"thirty"}],
      "excerpt_lines":[{"n":11,"text":"eleven"},{"n":12,"text":"best"}]})");
  const auto beside = scene.printed({"why", "j"});
  CAPTURE(beside);
  CHECK(beside.find("What the log says\n    11  eleven\n  \xe2\x96\xb6 12  best\n"
                    "    13  thirteen\n    14  fourteen\n\n"
                    "Elsewhere in the log\n    30  thirty\n") != std::string::npos);
  scene.server.set_api("why", R"({"outcome":"failed","run":"7k2m9q4xw8fz","job":"j","tool":"bot",
      "class":"unknown","headline":"Nothing proves a cause.",
      "lines":[{"n":12,"text":"best"},{"n":41,"text":"b"},{"n":30,"text":"c"},
               {"n":40,"text":"a"}],
      "excerpt_lines":[{"n":12,"text":"best"}]})");
  CHECK(scene.printed({"why", "j"})
            .find("Elsewhere in the log\n    30  c\n    \xe2\x80\xa6\n"
                  "    40  a\n    41  b\n") != std::string::npos);
}

TEST_CASE("a run without lines has none that are the most telling") {
  Scene scene;
  scene.server.set_api("why", R"({"outcome":"failed","run":"7k2m9q4xw8fz","job":"j","tool":"bot",
      "class":"unknown","headline":"Exit code 3; nothing proves a cause","lines":[]})");
  CHECK(scene.printed({"why", "j"}).find("unknown: nothing proves one\n") != std::string::npos);
  scene.server.set_api("runs/7k2m9q4xw8fz", R"({"id":"7k2m9q4xw8fz","lines":0})");
  CHECK(scene.printed({"why", "j"}).find("unknown: it wrote no lines\n") != std::string::npos);
  scene.server.set_api("runs/7k2m9q4xw8fz", R"({"id":"7k2m9q4xw8fz","lines":1})");
  CHECK(scene.printed({"why", "j"}).find(" 1 line\n") != std::string::npos);
}

TEST_CASE("why asks about a job, a run or whatever is in trouble") {
  auto [words, tool, request] = GENERATE(table<Typed, std::string, std::string>({
      {{"why", "daily-report"}, "bot", "/api/v1/why job=daily-report"},
      {{"why", "daily-report", "--refresh"}, "bot", "/api/v1/why job=daily-report refresh=1"},
      {{"why", "other/daily-report"}, "other", "/api/v1/why job=daily-report"},
      {{"why", "other/a/b"}, "other", "/api/v1/why job=a/b"},
      {{"why", "a/b", "--tool", "other"}, "other", "/api/v1/why job=a/b"},
      {{"why", "other/b", "--tool", "other"}, "other", "/api/v1/why job=b"},
      {{"why", "job with space"}, "bot", "/api/v1/why job=job with space"},
      {{"why", "7k2m9q4xw8fz"}, "", "/api/v1/runs/7k2m9q4xw8fz/why"},
      {{"why", "7k2m9q4xw8fz", "--refresh"}, "", "/api/v1/runs/7k2m9q4xw8fz/why refresh=1"},
      {{"why", "7k2m9q4xw8fz", "--tool", "bot"}, "bot", "/api/v1/runs/7k2m9q4xw8fz/why"},
  }));
  CAPTURE(words);
  Scene scene;
  (void)scene.printed(words);
  CHECK(scene.asked(0) == request);
  CHECK(scene.server.raw_requests().at(0).header("x-scope-orgid") == tool);
}

TEST_CASE("a job whose name looks like a run's id is found after all") {
  Scene scene;
  CHECK(scene.printed({"why", "backgamm0n22"}).starts_with("\xe2\x9c\x97 daily-report failed"));
  CHECK(scene.asked(0) == "/api/v1/runs/backgamm0n22/why");
  CHECK(scene.asked(1) == "/api/v1/why job=backgamm0n22");
}

TEST_CASE("why without a job takes the first in trouble, and says when there is none") {
  auto [jobs, asked, note] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"jobs":[{"job":"b","outcome":"lost"},{"job":"a","outcome":"failed"}]})",
       "/api/v1/why job=b", ""},
      {R"({"jobs":[{"job":"ok","outcome":"running","trouble":false},
                   {"job":"y","outcome":"running","trouble":true}]})",
       "/api/v1/why job=y", ""},
      {R"({"jobs":[{"job":"ok","outcome":"succeeded"},{"job":"x","outcome":"suspect"}]})",
       "/api/v1/why job=x", ""},
      {R"({"jobs":[{"job":"ok","outcome":"succeeded"}]})", "", "all is well: the one job is not"},
      {R"({"jobs":[{"job":"a","outcome":"succeeded"},{"job":"b","outcome":"succeeded"}]})", "",
       "all is well: none of 2 jobs"},
      {R"({"jobs":[]})", "", "has no runs yet; `logs run"},
  }));
  CAPTURE(jobs);
  Scene scene;
  scene.server.set_api("jobs", jobs);
  const auto outcome = scene.shell.run({"why"});
  CHECK(outcome.code == kOk);
  CHECK(scene.asked(1) == asked);
  CHECK(outcome.err.find(note) != std::string::npos);
}

TEST_CASE("json is what the server says, and the exit status can be the run's") {
  Scene scene;
  CHECK(scene.shell.run({"why", "daily-report", "-o", "json"}).out == kVerdict + "\n");
  CHECK(scene.shell.run({"why", "daily-report", "--exit-status"}).code == kError);
  scene.server.set_api("why", R"({"outcome":"succeeded"})");
  CHECK(scene.shell.run({"why", "daily-report", "--exit-status"}).code == kOk);
  CHECK(scene.printed({"runs", "-o", "jsonl"}).find("\"id\":\"7k2m9q4xw8fz\"") == 1);
  const auto array = scene.printed({"runs", "-o", "json"});
  CHECK(array.starts_with("[\n{"));
  CHECK(array.ends_with("}\n]\n"));
  scene.server.set_api("runs", R"({"runs":[]})");
  CHECK(scene.printed({"runs", "-o", "json"}) == "[]\n");
  CHECK(scene.printed({"runs", "-o", "jsonl"}).empty());
}

TEST_CASE("runs that still lie in this machine's spool are waited for first") {
  Scene scene;
  std::vector<std::string> waited;
  scene.shell.parts.wait_for_local_runs = [&](const std::string& tool, const std::string& job,
                                              const std::stop_token&) {
    CHECK(scene.server.requests().empty());
    waited.push_back(tool + "/" + job);
  };
  auto [words, expected] = GENERATE(table<Typed, std::string>({
      {{"why", "daily-report"}, "bot/daily-report"},
      {{"why", "other/x"}, "other/x"},
      {{"runs", "other/x"}, "other/x"},
      {{"runs"}, "bot/"},
  }));
  (void)scene.printed(words);
  CHECK(waited == std::vector<std::string>{expected});
}

TEST_CASE("flags of runs become one question") {
  auto [words, request] = GENERATE(table<Typed, std::string>({
      {{"runs"}, "/api/v1/runs limit=100"},
      {{"runs", "daily-report", "-n", "3"}, "/api/v1/runs job=daily-report limit=3"},
      {{"runs", "--failed", "-n", "7"}, "/api/v1/runs failed=1 limit=7"},
      {{"runs", "-S", "1h", "-n", "all"},
       "/api/v1/runs since=2026-11-25T12:30:00.000000000Z limit=500"},
      {{"runs", "other/job"}, "/api/v1/runs job=job limit=100"},
  }));
  CAPTURE(words);
  Scene scene;
  scene.server.set_api("runs", R"({"runs":[]})");
  const auto outcome = scene.shell.run(words);
  CHECK(outcome.code == kOk);
  CHECK(outcome.err.find("has no") != std::string::npos);
  // The Scene's tool adds nothing to the query; `since` is ours here, not a time of lines.
  CHECK(scene.asked(0) == request);
}

TEST_CASE("more runs than one answer holds are asked for page by page, each listed once") {
  Scene scene;
  std::string page = R"({"runs":[)";
  for (int i = 0; i < 500; ++i) {
    page += (i == 0 ? "" : ",") + std::string(R"({"id":"r)") + std::to_string(i) +
            R"(","outcome":"succeeded","started":"2026-11-24T13:05:00.250Z"})";
  }
  scene.server.set_api("runs", page + "]}");
  // This server always answers the same page: the second brings nothing new and ends it.
  const auto out = scene.printed({"runs", "-n", "1002", "-o", "jsonl"});
  CHECK(std::ranges::count(out, '\n') == 500);
  REQUIRE(scene.server.requests().size() == 2);
  CHECK(scene.asked(0) == "/api/v1/runs limit=500");
  CHECK(scene.asked(1) == "/api/v1/runs limit=500 before=2026-11-24T13:05:00.251000000Z");
  CHECK(std::ranges::count(scene.printed({"runs", "-n", "3", "-o", "jsonl"}), '\n') == 3);
}

TEST_CASE("tables fit the terminal") {
  Scene scene;
  scene.server.set_api("health", R"({"problems":2,"jobs":[
    {"job":"daily-report","outcome":"failed","state":"failing","last_ended":"2026-11-25T13:05:41Z",
     "next":"2026-11-26T13:05:00Z","text":"fails since 3 runs: a name could not be resolved"},
    {"job":"cleanup","outcome":"missed","state":"late","text":"should have run at 13:00"},
    {"job":"web","outcome":"running","state":"running","text":""}]})");
  scene.server.set_api("usage", R"({"job":"daily-report","runs":30,
    "wall_ms":{"p50":41000,"p95":61000,"max":7300000},"cpu_ms":{"p50":900,"p95":1000,"max":2500},
    "peak_bytes":{"p50":104857600,"p95":125829120,"max":209715200},
    "memory_limit_bytes":536870912,"suggested_memory_bytes":268435456,"throttled_percent":3,
    "recent":[{"id":"b","wall_ms":400,"peak_bytes":800},{"id":"a","wall_ms":100},
              {"id":"c","wall_ms":0,"peak_bytes":100}]})");
  check_golden("cli_runs", scene.printed({"runs"}));
  check_golden("cli_health", scene.printed({"health"}));
  check_golden("cli_usage", scene.printed({"usage", "daily-report"}));
  scene.shell.out_is_terminal = true;
  scene.shell.env["LOGS_PAGER"] = "cat";
  scene.shell.width = 90;
  check_golden("cli_runs_colour", scene.printed({"runs"}));
  scene.shell.width = 80;
  check_golden("cli_runs_narrow", scene.printed({"runs", "--no-color"}));
  check_golden("cli_runs_of_job_narrow", scene.printed({"runs", "daily-report", "--no-color"}));
  CHECK(scene.shell.run({"health", "--exit-status"}).code == kError);
  scene.server.set_api("health", R"({"problems":0,"jobs":[]})");
  CHECK(scene.shell.run({"health", "--exit-status"}).code == kOk);
}

TEST_CASE("wrong questions and refusals say what to do") {
  auto [words, code, said] = GENERATE(table<Typed, int, std::string>({
      {{"why", "--exit", "1"}, kUsage, "belong to --file"},
      {{"why", "x", "--baseline", "y"}, kUsage, "belong to --file"},
      {{"why", "x", "--file", "y"}, kUsage, "not both"},
      {{"why", "--file", "y", "--exit", "256"}, kUsage, "no exit code"},
      {{"why", "-o", "csv"}, kUsage, "prints text or json"},
      {{"why", "-o", "jsonl"}, kUsage, "prints text or json"},
      {{"runs", "-o", "raw"}, kUsage, "'raw' is for lines; `logs runs` prints text, json or jsonl"},
      {{"runs", "-o", "yaml"}, kUsage, "'yaml'; `logs runs` prints text, json or jsonl"},
      {{"why", "--file", "a", "--file", "b"}, kUsage, "--file: one log at a time"},
      {{"runs", "-n", "x"}, kUsage, "no number"},
      {{"runs", "-S", "soon"}, kUsage, "--since"},
      {{"usage"}, kUsage, "JOB is required"},
      {{"usage", "nothing"}, kNotFound, "logs: no such thing"},
      {{"why", "../x"}, kUsage, "tool"},
      {{"why", "--file", "/nowhere/x"}, kError, "cannot read '/nowhere/x': No such file"},
      {{"why", "--file", "/"}, kError, "cannot read '/': it is a directory"},
      {{"show", "--run", "x", "--query", "{}"}, kUsage, "not both"},
      {{"ping", "c", "finished"}, kUsage, "none of start, fail, log"},
      {{"ping", "c", "256"}, kUsage, "none of start"},
      {{"ping", "c", "--schedule", "@daily", "--period", "1h"}, kUsage, "not both"},
      {{"ping", "c", "--grace", "later"}, kUsage, "--grace"},
  }));
  CAPTURE(words);
  Scene scene;
  const auto outcome = scene.shell.run(words);
  CHECK(outcome.code == code);
  CHECK(outcome.err.find(said) != std::string::npos);
  CHECK(outcome.out.empty());
}

TEST_CASE("an answer that is no verdict is refused") {
  const auto body = GENERATE("", "[]", "{}", "null", R"({"outcome":7})", "<html>");
  CAPTURE(body);
  Scene scene;
  scene.server.set_api("why", body);
  CHECK(scene.shell.run({"why", "j"}).code == kUsage);
  CHECK(scene.shell.run({"why", "j", "-o", "json"}).out.empty());
}

TEST_CASE("lines of one run can be asked for") {
  Scene scene;
  (void)scene.shell.run({"show", "--run", "7k2m9q4xw8fz"});
  CHECK(scene.asked(0) == R"(/loki/api/v1/query_range query={tool="bot", run="7k2m9q4xw8fz"})"
                          " limit=200 direction=backward");
}

TEST_CASE("a run without lines may be unknown, of another tool, or just silent") {
  auto [api, status, code, said] = GENERATE(table<std::string, int, int, std::string>({
      {"no run 7k2m9q4xw8fz", 404, kNotFound, "it is not kept any more, or its id is wrong"},
      {"'7k2m9q4xw8fz' is no run id", 400, kNotFound, "there is no run '7k2m9q4xw8fz'"},
      {R"({"id":"7k2m9q4xw8fz","tool":"other"})", 200, kNotFound,
       "is of the tool 'other'; add --tool other"},
      {R"({"id":"7k2m9q4xw8fz","tool":"bot"})", 200, kOk,
       "no lines of run '7k2m9q4xw8fz' in the last 30 days; -S 90d"},
      {"busy", 503, kOk, "no lines of run '7k2m9q4xw8fz' in the last 30 days; -S 90d"},
  }));
  CAPTURE(api);
  Scene scene;
  scene.server.set_api("runs/7k2m9q4xw8fz", api, status);
  const auto outcome = scene.shell.run({"show", "--run", "7k2m9q4xw8fz"});
  CHECK(outcome.code == code);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find(said) != std::string::npos);
  // Lines are shown whatever else is known of their run.
  scene.server.add(kNow - 1, "j", "a line", {{"run", "7k2m9q4xw8fz"}});
  const auto shown = scene.shell.run({"show", "--run", "7k2m9q4xw8fz", "-o", "raw"});
  CHECK(shown.out == "a line\n");
  CHECK(shown.err.empty());
}

TEST_CASE("a ping names the check, what happened and what is expected") {
  auto [words, input, request,
        body] = GENERATE(table<Typed, std::string, std::string, std::string>({
      {{"ping", "backup"}, "", "/ping/bot/backup", ""},
      {{"ping", "backup", "start"}, "", "/ping/bot/backup/start", ""},
      {{"ping", "other/backup", "3"}, "", "/ping/other/backup/3", ""},
      {{"ping", "backup", "fail", "-m", "disk full"}, "x", "/ping/bot/backup/fail", "disk full"},
      {{"ping", "backup", "log", "-m", "-"}, "a\nb\n", "/ping/bot/backup/log", "a\nb\n"},
      {{"ping", "b", "--schedule", "5 4 * * *", "--zone", "UTC", "--grace", "10m"},
       "",
       "/ping/bot/b schedule=5 4 * * * zone=UTC grace=10m",
       ""},
      {{"ping", "b", "--period", "1h", "--run", "r1"}, "", "/ping/bot/b rid=r1 period=1h", ""},
  }));
  CAPTURE(words);
  Scene scene;
  const auto outcome = scene.shell.run(words, input);
  CHECK(outcome.code == kOk);
  CHECK(outcome.err.empty());
  CHECK(scene.asked(0) == request);
  CHECK(scene.server.raw_requests().at(0).body == body);
}

TEST_CASE("of a long message the end is sent") {
  Scene scene;
  const auto input = std::string(300'000, 'a') + "the end";
  CHECK(scene.shell.run({"ping", "b", "-m", "-"}, input).code == kOk);
  const auto body = scene.server.raw_requests().at(0).body;
  CHECK(body.size() == 100'000);
  CHECK(body.ends_with("athe end"));
}

TEST_CASE("a ping tries again, and never fails a script that does not want it") {
  auto [statuses, strict, code, tries] = GENERATE(table<std::vector<int>, bool, int, std::size_t>({
      {{503, 500}, false, kOk, 3},
      {{503, 503, 503, 503, 503}, false, kOk, 4},
      {{503, 503, 503, 503, 503}, true, kUnreachable, 4},
      {{400}, false, kOk, 1},
      {{400}, true, kUsage, 1},
      {{403}, true, kNotLetIn, 1},
  }));
  CAPTURE(statuses, strict);
  Scene scene;
  scene.server.answer_pings(statuses);
  const auto outcome =
      scene.shell.run(strict ? Typed{"ping", "b", "--strict"} : Typed{"ping", "b"});
  CHECK(outcome.code == code);
  CHECK(scene.server.requests().size() == tries);
  CHECK(scene.shell.pauses.size() == tries - 1);
  const bool delivered = statuses.size() < tries;
  CHECK(outcome.err.empty() == delivered);
}

TEST_CASE("a log file is explained without a server") {
  Shell shell("http://127.0.0.1:1");
  const auto log = shell.home + "/build.log", good = shell.home + "/good.log";
  std::ofstream(good) << "start\nwarning: slow\ndone\n";
  std::ofstream(log) << "start\nwarning: slow\nbuild.sh: line 3: frobnicate: command not found\n";
  const auto text = shell.run({"why", "--file", log, "--baseline", good, good, "--exit", "127"});
  CAPTURE(text.out, text.err);
  CHECK(text.code == kOk);
  CHECK(text.out.find("frobnicate: command not found") != std::string::npos);
  CHECK(text.out.find(log + " failed") != std::string::npos);
  std::ostringstream bytes;
  bytes << std::ifstream(log).rdbuf();
  const auto json = shell.run({"why", "--file", "-", "--exit", "127", "-o", "json"}, bytes.str());
  CHECK(json.out.starts_with("{"));
  CHECK(json.out.ends_with("}\n"));
  CHECK(json.out.find(R"("n":3)") != std::string::npos);
  CHECK(json.out.find(R"("last_good":null)") != std::string::npos);
  CHECK(shell.run({"why", "--file", log, "--baseline", "/nowhere/g"}).err.find("/nowhere/g") !=
        std::string::npos);
}

TEST_CASE("a log that proves no failure is not called failed") {
  Shell shell("http://127.0.0.1:1");
  const auto quiet = shell.run({"why", "--file", "-"}, "start\ndone\n");
  CAPTURE(quiet.out);
  CHECK(quiet.code == kOk);
  CHECK(
      quiet.out.starts_with("? This log may be fine\n"
                            "  Nothing here proves a failure; the likeliest line: "));
  CHECK(quiet.out.find("failed") == std::string::npos);
  CHECK(quiet.out.find("Cause") == std::string::npos);
  CHECK(shell.run({"why", "--file", "-"}, "").out == "? This log is empty: no lines\n");
  // Its exit code, or a cause, is proof.
  const auto ended = shell.run({"why", "--file", "-", "--exit", "3"}, "start\ndone\n");
  CHECK(ended.out.starts_with("\xe2\x9c\x97 This log failed\n"));
  const auto empty = shell.run({"why", "--file", "-", "--exit", "3"}, "");
  CHECK(empty.out.find("unknown: the log is empty\n") != std::string::npos);
  const auto caused = shell.run({"why", "--file", "-"}, "x.sh: line 3: foo: command not found\n");
  CHECK(caused.out.starts_with("\xe2\x9c\x97 This log failed\n"));
  // A program gets what it always got.
  const auto json = shell.run({"why", "--file", "-", "-o", "json", "--exit-status"}, "done\n");
  CHECK(json.code == kError);
  CHECK(json.out.find(R"("outcome":"failed")") != std::string::npos);
}

}  // namespace
}  // namespace logboom::ui::cli
