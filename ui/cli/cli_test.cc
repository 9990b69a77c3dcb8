#include "ui/cli/cli.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ui/cli/fake_server.h"
#include "ui/cli/shell_for_tests.h"

namespace logboom::ui::cli {
namespace {

using Typed = std::vector<std::string>;

constexpr std::int64_t kSecond = 1'000'000'000;
// 2026-11-25T13:30:00Z
constexpr std::int64_t kNow = 1'795'613'400 * kSecond;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A server with two jobs, and a shell that uses it.
struct Scene {
  explicit Scene(FakeServer::Kind kind = FakeServer::Kind::ours) : server(kind) {
    shell.env["LOGS_URL"] = server.url();
    shell.now = [] { return kNow; };
    server.add(kNow - 50 * kSecond, "web", "INFO started");
    server.add(kNow - 40 * kSecond, "report", "ERROR connection timeout", {{"pod", "r-1"}},
               "stderr");
    server.add(kNow - 30 * kSecond, "web", "WARN slow");
    server.add(kNow - 20 * kSecond, "web", "GET /timeout 200");
  }
  FakeServer server;
  Shell shell;
};

TEST_CASE("flags become one request") {
  auto [arguments, request] = GENERATE(table<Typed, std::string>({
      {{"show"}, R"(query={tool="local"} limit=200 direction=backward)"},
      {{"show", "web"}, R"(query={job="web"} limit=200 direction=backward)"},
      {{"show", "web", "report"}, R"(query={job=~"web|report"} limit=200 direction=backward)"},
      {{"show", "we*"}, R"(query={job=~"we.*"} limit=200 direction=backward)"},
      {{"show", "w?b.x+"}, R"(query={job=~"w.b\\.x\\+"} limit=200 direction=backward)"},
      {{"show", "*"}, R"(query={job=~".+"} limit=200 direction=backward)"},
      {{"show", "we\"b"}, R"(query={job="we\"b"} limit=200 direction=backward)"},
      {{"show", "-n", "7"}, R"(query={tool="local"} limit=7 direction=backward)"},
      {{"show", "-n", "all"}, R"(query={tool="local"} limit=5000 direction=forward)"},
      {{"show", "-n", "7", "-l", "warn+"}, R"(query={tool="local"} limit=5000 direction=backward)"},
      {{"show", "-g", "a|b"}, R"(query={tool="local"} |~ "a|b" limit=200 direction=backward)"},
      {{"show", "-g", "a", "-g", "b", "web"},
       R"q(query={job="web"} |~ "(?:a)|(?:b)" limit=200 direction=backward)q"},
      {{"show", "-ig", "\\d", "-v", "x"},
       R"(query={tool="local"} |~ "(?i)\\d" !~ "(?i)x" limit=200 direction=backward)"},
      {{"show", "--query", "{a=\"b\"}", "-g", "x"},
       R"(query={a="b"} |~ "x" limit=200 direction=backward)"},
      {{"search", "slow -fast"},
       R"(query={tool="local"} search=slow -fast limit=5000 direction=backward)"},
      {{"search", "slow", "web"}, R"(query={job="web"} search=slow limit=5000 direction=backward)"},
      {{"search", "{job=\"web\"} |= \"x\""},
       R"(query={job="web"} |= "x" limit=200 direction=backward)"},
      {{"search", "slow", "--count"},
       R"(query={tool="local"} search=slow limit=5000 direction=forward)"},
      {{"show", "--tool", "bot"}, R"(query={tool="bot"} limit=200 direction=backward)"},
  }));
  CAPTURE(arguments);
  Scene scene;
  (void)scene.shell.run(arguments);
  REQUIRE(!scene.server.requests().empty());
  CHECK(scene.server.requests()[0] == "/loki/api/v1/query_range " + request);
}

TEST_CASE("a request carries the tool, the token and what it wants to know") {
  Scene scene;
  scene.shell.env["LOGS_TOKEN"] = "secret";
  scene.shell.env["LOGS_TOOL"] = "bot";
  (void)scene.shell.run({"show", "-S", "1h", "-U", "10m"});
  const auto request = scene.server.raw_requests().at(0);
  CHECK(request.header("x-scope-orgid") == "bot");
  CHECK(request.header("authorization") == "Bearer secret");
  CHECK(request.header("x-loki-response-encoding-flags") == "categorize-labels,line-ids");
  CHECK(request.param("flags") == "categorize-labels,line-ids");
  CHECK(request.param("start") == std::to_string(kNow - 3600 * kSecond));
  CHECK(request.param("end") == std::to_string(kNow - 600 * kSecond));
}

TEST_CASE("lines print oldest first, with their jobs when there may be several") {
  auto [arguments, expected] = GENERATE(table<Typed, std::string>({
      {{"show"},
       "13:29:10 web INFO started\n"
       "13:29:20 report ERROR connection timeout\n"
       "13:29:30 web WARN slow\n"
       "13:29:40 web GET /timeout 200\n"},
      {{"show", "-n", "2"}, "13:29:30 web WARN slow\n13:29:40 web GET /timeout 200\n"},
      {{"show", "-n", "all", "report"}, "13:29:20 ERROR connection timeout\n"},
      {{"show", "-l", "warn+"},
       "13:29:20 report ERROR connection timeout\n13:29:30 web WARN slow\n"},
      {{"show", "-l", "warn"}, "13:29:30 web WARN slow\n"},
      {{"show", "-n", "1", "-l", "error"}, "13:29:20 report ERROR connection timeout\n"},
      {{"search", "timeout", "-t=none"}, "report ERROR connection timeout\nweb GET /timeout 200\n"},
      {{"search", "TIMEOUT -get", "-t"},
       "2026-11-25T13:29:20.000Z report ERROR connection timeout\n"},
      {{"search", "timeout", "--count"}, "2\n"},
      {{"search", "nowhere", "--count"}, "0\n"},
      {{"show", "-n", "1", "-o", "raw"}, "GET /timeout 200\n"},
      {{"show", "-n", "1", "--tz", "Asia/Tokyo"}, "22:29:40 web GET /timeout 200\n"},
      {{"show", "report", "-o", "jsonl"},
       R"({"ts":"2026-11-25T13:29:20.000000000Z","tenant":"local","job":"report","run":"",)"
       R"("stream":"stderr","level":"error","line":"ERROR connection timeout",)"
       R"("labels":{"job":"report","stream":"stderr","pod":"r-1"},"id":"id-1"})"
       "\n"},
      {{"show", "-n", "1", "-o", "csv", "--fields", "job,line"},
       "job,line\nweb,GET /timeout 200\n"},
  }));
  CAPTURE(arguments);
  const auto kind = GENERATE(FakeServer::Kind::ours, FakeServer::Kind::stock);
  if (kind == FakeServer::Kind::stock && has(expected, "id-1")) return;
  Scene scene(kind);
  auto words = arguments;
  if (std::find(words.begin(), words.end(), "--tz") == words.end()) {
    words.insert(words.end(), {"--tz", "UTC"});
  }
  const auto outcome = scene.shell.run(words);
  CHECK(outcome.out == expected);
  CHECK(outcome.code == kOk);
}

TEST_CASE("a search shows the lines around its hits, of the same source") {
  Scene scene;
  for (int i = 0; i < 10; ++i) {
    scene.server.add(kNow - 10 * kSecond + i / 3, i == 9 ? "other" : "big",
                     "number " + std::to_string(i));
  }
  auto [arguments, expected] = GENERATE(table<Typed, std::string>({
      {{"search", "\"number 4\"", "-C", "1"}, "number 3\nnumber 4\nnumber 5\n"},
      {{"search", "\"number 4\"", "-B", "2"}, "number 2\nnumber 3\nnumber 4\n"},
      {{"search", "\"number 4\"", "-A", "3"}, "number 4\nnumber 5\nnumber 6\nnumber 7\n"},
      {{"search", "\"number 0\"", "-C", "1"}, "number 0\nnumber 1\n"},
      {{"search", "\"number 8\"", "-C", "1"}, "number 7\nnumber 8\n"},
      {{"search", "number", "big", "-C", "1", "-n", "2"}, "number 6\nnumber 7\nnumber 8\n"},
      {{"search", "timeout", "-C", "1"},
       "ERROR connection timeout\n--\nWARN slow\nGET /timeout 200\n"},
  }));
  CAPTURE(arguments);
  auto words = arguments;
  words.insert(words.end(), {"-o", "raw"});
  const auto outcome = scene.shell.run(words);
  CHECK(outcome.err.empty());
  CHECK(outcome.out == expected);
}

TEST_CASE("more lines than an answer holds come page by page, each once") {
  Scene scene;
  std::string expected;
  for (int i = 0; i < 12'000; ++i) {
    scene.server.add(kNow - 5 * kSecond + i / 700, "many", std::to_string(i));
    expected += std::to_string(i) + "\n";
  }
  const auto count = GENERATE("all", "12000", "20000");
  CAPTURE(count);
  const auto outcome = scene.shell.run({"show", "many", "-o", "raw", "-n", count});
  CHECK(outcome.code == kOk);
  CHECK((outcome.out == expected));
  CHECK(scene.server.requests().size() == 3);
}

TEST_CASE("exit codes say what went wrong, and the words what to do") {
  auto [arguments, status, code, words] = GENERATE(table<Typed, int, int, std::string>({
      {{"show"}, 0, kOk, ""},
      {{"show"}, 400, kUsage, "logs: the server refuses the question: because"},
      {{"show"}, 401, kNotLetIn, "logs login http://"},
      {{"show"}, 403, kNotLetIn, "LOGS_TOKEN"},
      {{"show"}, 404, kNotFound, "is the URL that of a Logboom server?"},
      {{"show"}, 429, kLimit, "ask for less"},
      {{"show"}, 500, kError, "the server answered 500: because"},
      {{"show"}, 503, kUnreachable, "busy or starting: because"},
      {{"tail"}, 400, kUsage, "because"},
      {{"tail"}, 401, kNotLetIn, "logs login http://"},
      {{"tail"}, 429, kLimit, "because"},
      {{"search", "x"}, 0, kOk, "no lines of tool 'local'"},
      {{"search", "x", "--fail-empty"}, 0, kNothingFound, "look"},
      {{"show", "wb"}, 0, kNotFound, "has no job 'wb'; did you mean 'web'?"},
      {{"search", "connection", "refused"}, 0, kNotFound, "'connection refused'"},
      {{"serch", "x"}, 0, kUsage, "unknown command 'serch'; did you mean 'search'?"},
      {{"frobnicate"}, 0, kUsage, "`logs help` lists them"},
      {{"show", "--sinse", "1h"}, 0, kUsage, "unknown flag '--sinse'; did you mean '--since'?"},
      {{"show", "--since"}, 0, kUsage, "--since"},
      {{"search"}, 0, kUsage, "TEXT is required"},
      {{"show", "-n", "many"}, 0, kUsage, "no number of lines"},
      {{"show", "-S", "soon"}, 0, kUsage, "--since: cannot read the time 'soon'"},
      {{"show", "-S", "1h", "-U", "2h"}, 0, kUsage, "nothing lies between"},
      {{"show", "-l", "loud"}, 0, kUsage, "unknown level 'loud'"},
      {{"show", "-o", "jsnl"}, 0, kUsage, "did you mean 'jsonl'"},
      {{"show", "--color", "red"}, 0, kUsage, "auto, always, never"},
      {{"show", "--tz", "Mars"}, 0, kUsage, "unknown time zone 'Mars'"},
      {{"show", "--fields", "a,,b"}, 0, kUsage, "--fields"},
      {{"show", "web", "--query", "{}"}, 0, kUsage, "not both"},
      {{"tail", "-n", "all"}, 0, kUsage, "at most 5000"},
      {{"tail", "-o", "json"}, 0, kUsage, "jsonl"},
      {{"tail", "-U", "1h"}, 0, kUsage, "logs show"},
      {{"show", "--tool", "../x"}, 0, kUsage, "--tool"},
      {{"show", "--url", "ftp://x"}, 0, kUsage, "http://"},
      {{"completion", "bsh"}, 0, kUsage, "did you mean 'bash'"},
      {{"help", "serch"}, 0, kUsage, "did you mean 'search'"},
      {{"version", "x"}, 0, kUsage, "takes no argument 'x'"},
      {{"send", "-l", "novalue"}, 0, kUsage, "NAME=VALUE"},
  }));
  CAPTURE(arguments, status);
  Scene scene;
  if (status != 0) scene.server.answer_with(status, "because\nmore");
  const auto outcome = scene.shell.run(arguments);
  CHECK(outcome.code == code);
  CHECK(has(outcome.err, words));
  if (words.empty()) CHECK(outcome.err.empty());
  if (code != kOk) CHECK(outcome.out.empty());
}

TEST_CASE("a server that is not there is told with the remedy") {
  std::string url;
  {
    const FakeServer gone;
    url = gone.url();
  }
  Shell shell(url);
  const auto command = GENERATE("show", "tail", "login");
  const auto outcome = shell.run({command});
  CHECK(outcome.code == kUnreachable);
  CHECK(has(outcome.err, "cannot reach " + url));
  CHECK(has(outcome.err, "logboom serve"));
}

TEST_CASE("an answer that is no log is refused") {
  const auto body = GENERATE(
      "<html>hello</html>", "{}", "[]", R"({"data":{"resultType":"streams"}})",
      R"({"data":{"resultType":"vector","result":[]}})",
      R"({"data":{"resultType":"streams","result":[{"stream":{}}]}})",
      R"({"data":{"resultType":"streams","result":[{"stream":{},"values":[["x","y"]]}]}})");
  CAPTURE(body);
  Scene scene;
  scene.server.answer_with(200, body);
  const auto outcome = scene.shell.run({"show"});
  CHECK(outcome.code == kUsage);
  CHECK(outcome.out.empty());
  CHECK(!outcome.err.empty());
}

TEST_CASE("nothing a server or a line says can take over the terminal") {
  Scene scene;
  scene.server.add(kNow - kSecond, "evil\x1b[2J", "\x1b]0;owned\aline\x1b[31m");
  scene.shell.out_is_terminal = true;
  const auto safe = scene.shell.run({"show", "-n", "1", "--no-pager", "--no-color", "--tz", "UTC"});
  CHECK(safe.out == "13:29:59 evil line\n");
  const auto raw = scene.shell.run({"show", "-n", "1", "--no-pager", "-o", "raw", "--raw-control"});
  CHECK(raw.out == "\x1b]0;owned\aline\x1b[31m\n");
  scene.shell.out_is_terminal = false;
  CHECK(scene.shell.run({"show", "-n", "1", "-o", "raw"}).out == "\x1b]0;owned\aline\x1b[31m\n");
  scene.server.answer_with(500, "\x1b[2Jbad");
  CHECK(!has(scene.shell.run({"show"}).err, "\x1b"));
}

TEST_CASE("a terminal gets colours and a pager, a pipe neither") {
  Scene scene;
  const auto page = scene.shell.home + "/page";
  scene.shell.env["LOGS_PAGER"] = "cat > " + page;
  scene.shell.out_is_terminal = true;
  const auto outcome = scene.shell.run({"search", "slow"});
  CHECK(outcome.code == kOk);
  CHECK(outcome.out.empty());
  std::ostringstream paged;
  paged << std::ifstream(page).rdbuf();
  CHECK(has(paged.str(), "\x1b["));
  CHECK(has(paged.str(), "slow"));
  scene.shell.out_is_terminal = false;
  CHECK(!has(scene.shell.run({"search", "slow"}).out, "\x1b["));
}

TEST_CASE("quitting the pager ends the program quietly") {
  Scene scene;
  for (int i = 0; i < 20'000; ++i) {
    scene.server.add(kNow - 5 * kSecond + i, "many", std::string(100, 'x'));
  }
  scene.shell.env["LOGS_PAGER"] = "true";
  scene.shell.out_is_terminal = true;
  const auto outcome = scene.shell.run({"show", "-n", "all"});
  CHECK(outcome.code == kOk);
  CHECK(outcome.err.empty());
}

TEST_CASE("login checks the server and remembers it") {
  Scene scene;
  scene.shell.env.erase("LOGS_URL");
  const auto open = scene.shell.run({"login", scene.server.url(), "--tool", "bot"});
  CHECK(open.code == kOk);
  CHECK(has(open.err, "needs no token"));
  CHECK(scene.shell.run({"show", "-n", "1", "-o", "raw"}).out == "GET /timeout 200\n");
  CHECK(has(scene.shell.run({"whoami"}).out, "tool     bot"));

  scene.server.require_token("t0ken");
  const auto refused = scene.shell.run({"login"});
  CHECK(refused.code == kNotLetIn);
  CHECK(has(refused.err, "--with-token < token.txt"));
  CHECK(scene.shell.run({"login", "--with-token"}, "\n").code == kUsage);
  CHECK(scene.shell.run({"login", "--with-token"}, "wrong\n").code == kNotLetIn);
  CHECK(scene.shell.run({"login", "--with-token"}, " t0ken \r\nrest").code == kOk);
  CHECK(scene.shell.run({"show", "-n", "1", "-o", "raw"}).out == "GET /timeout 200\n");
  const auto credentials = scene.shell.home + "/.local/state/logs/credentials.json";
  CHECK((std::filesystem::status(credentials).permissions() & std::filesystem::perms(077)) ==
        std::filesystem::perms::none);
  CHECK(!has(scene.shell.run({"whoami"}).out, "t0ken"));

  CHECK(scene.shell.run({"logout"}).code == kOk);
  CHECK(scene.shell.run({"show"}).code == kNotLetIn);
}

TEST_CASE("a token is not sent to another server") {
  Scene scene;
  const FakeServer other;
  REQUIRE(scene.shell.run({"login", "--with-token"}, "t0ken").code == kOk);
  scene.shell.env["LOGS_URL"] = other.url();
  (void)scene.shell.run({"show"});
  REQUIRE(!other.raw_requests().empty());
  CHECK(other.raw_requests()[0].header("authorization").empty());
}

TEST_CASE("send is handed what it needs") {
  Scene scene;
  SendRequest seen;
  scene.shell.parts.send = [&](const SendRequest& request,
                               std::stop_token) -> Result<std::uint64_t> {
    seen = request;
    return 3;
  };
  scene.shell.err_is_terminal = true;
  const auto outcome =
      scene.shell.run({"send", "--job", "nightly", "-l", "env=test", "-l", "a=b=c"});
  CHECK(outcome.code == kOk);
  CHECK(has(outcome.err, "sent 3 lines to job 'nightly'"));
  CHECK(seen.url == scene.server.url());
  CHECK(seen.tool == "local");
  CHECK(seen.labels ==
        std::vector<std::pair<std::string, std::string>>{{"env", "test"}, {"a", "b=c"}});
  scene.shell.parts.send = [&](const SendRequest&, std::stop_token) -> Result<std::uint64_t> {
    return fail(Errc::unavailable, "connection refused");
  };
  CHECK(scene.shell.run({"send"}).code == kUnreachable);
}

TEST_CASE("help, version and completion name every command") {
  Shell shell;
  const auto help = shell.run({});
  CHECK(help.code == kOk);
  CHECK(help.out == shell.run({"--help"}).out);
  CHECK(help.out == shell.run({"help"}).out);
  const auto bash = shell.run({"completion", "bash"}).out;
  const auto fish = shell.run({"completion", "fish"}).out;
  for (const char* command : {"why", "runs", "health", "usage", "ping", "tail", "show", "search",
                              "send", "login", "completion", "version"}) {
    CAPTURE(command);
    CHECK(has(help.out, std::string("\n  ") + command));
    CHECK(has(bash, command));
    CHECK(has(fish, command));
    const auto about = shell.run({"help", command});
    CHECK(about.code == kOk);
    CHECK(about.out == shell.run({command, "--help"}).out);
    CHECK(has(about.out, std::string("Usage: logs ") + command));
    CHECK(has(about.out, "Examples:\n"));
  }
  CHECK(has(shell.run({"version"}).out, "logs "));
  CHECK(shell.run({"--version"}).out == shell.run({"version"}).out);
}

TEST_CASE("jobs are listed for completion") {
  Scene scene;
  CHECK(scene.shell.run({"__jobs"}).out == "report\nweb\n");
}

}  // namespace
}  // namespace logboom::ui::cli
