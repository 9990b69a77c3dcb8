#include "collector/crontab.h"

#include <catch2/catch.hpp>

namespace logboom::collector {
namespace {

CronEntry entry(std::string command, std::string shell = "/bin/sh", std::string tool = "") {
  return {1, "* * * * *", "alice", std::move(command), std::move(shell), std::move(tool)};
}

TEST_CASE("a crontab line becomes an entry") {
  auto [line, schedule, command] = GENERATE(table<std::string, std::string, std::string>({
      {"0 2 * * * /usr/bin/report", "0 2 * * *", "/usr/bin/report"},
      {"  0\t2  * *\t*   report -v  ", "0 2 * * *", "report -v  "},
      {"@daily report", "@daily", "report"},
      {"@reboot X=1 report", "@reboot", "X=1 report"},
      {"0 2 * * mon report%first line%second", "0 2 * * mon", "report"},
      {"0 2 * * * date +\\%F > x", "0 2 * * *", "date +%F > x"},
      {"0 2 * * * report #job: nightly\r", "0 2 * * *", "report #job: nightly"},
      {"0 2 * * * A=b report", "0 2 * * *", "A=b report"},
  }));
  CAPTURE(line);
  const auto table = parse_crontab("# a comment\n\n" + line + "\n", "alice");
  CHECK(table.bad.empty());
  REQUIRE(table.entries.size() == 1);
  CHECK(table.entries[0] == CronEntry{3, schedule, "alice", command, "/bin/sh", ""});
}

TEST_CASE("the system's crontabs name the user") {
  const auto table = parse_crontab("17 * * * * root cd / && run-parts x\n@daily bob  y\n", "");
  REQUIRE(table.entries.size() == 2);
  CHECK(table.entries[0].user == "root");
  CHECK(table.entries[0].command == "cd / && run-parts x");
  CHECK(table.entries[1].user == "bob");
  CHECK(table.entries[1].command == "y");
}

TEST_CASE("settings hold for the entries below them") {
  const auto table = parse_crontab(
      "* * * * * a\nSHELL=/usr/bin/logs-sh\n LOGS_TOOL = \"bot\" \n* * * * * b\n"
      "'SHELL' = '/bin/sh'\nLOGS_TOOL=\n* * * * * c",
      "alice");
  REQUIRE(table.entries.size() == 3);
  CHECK(table.entries[0].shell == "/bin/sh");
  CHECK(table.entries[0].tool.empty());
  CHECK(table.entries[1].shell == "/usr/bin/logs-sh");
  CHECK(table.entries[1].tool == "bot");
  CHECK(table.entries[2].shell == "/bin/sh");
  CHECK(table.entries[2].tool.empty());
}

TEST_CASE("a bad line is told and the others are kept") {
  auto [bad, owner] = GENERATE(table<std::string, std::string>({
      {"61 * * * * x", "alice"},
      {"nonsense", "alice"},
      {"* * * * *", "alice"},
      {"@never x", "alice"},
      {"* * * * * bob", ""},
      {"* * * * *", ""},
  }));
  CAPTURE(bad);
  const auto table = parse_crontab("@daily bob one\n" + bad + "\n@daily bob two\n", owner);
  CHECK(table.entries.size() == 2);
  REQUIRE(table.bad.size() == 1);
  CHECK(table.bad[0].first == 2);
}

TEST_CASE("a crontab too long is read in part and said to be") {
  std::string text;
  for (std::size_t i = 0; i < kMaxEntries + 10; ++i) text += "* * * * * x\n";
  const auto table = parse_crontab(text, "alice");
  CHECK(table.entries.size() == kMaxEntries);
  CHECK(table.bad.size() == 1);
  const auto longer = parse_crontab("* * * * * x\n" + std::string(kMaxCrontab, '#'), "alice");
  CHECK(longer.entries.size() == 1);
  CHECK(longer.bad.size() == 1);
  CHECK(parse_crontab(std::string(kMaxCrontab + 1, '*'), "alice").entries.empty());
}

TEST_CASE("what runs through logs is expected under its job's name") {
  auto [given, job, tool] = GENERATE(table<CronEntry, std::string, std::string>({
      {entry("cd /srv && python3 bin/daily_report.py", "/usr/bin/logs-sh"), "daily_report", ""},
      {entry("x.sh #job: nightly", "/usr/bin/logs-sh", "bot"), "nightly", "bot"},
      {entry("logs run --job j -- x", "/usr/bin/logs-sh", "bot"), "j", "bot"},
      {entry("/usr/bin/logs run --tool t x.sh"), "x", "t"},
      {entry("logs run --job=j --tool=t --timeout 5m -- sh -c 'a; b'"), "j", "t"},
      {entry("logs run -- ./backup.sh -v"), "backup", ""},
      {entry("cd /srv && LOGS_TOOL=t logs run -- ./backup.sh"), "backup", "t"},
      {entry("test -e x || logs run --job 'two words' x"), "two words", ""},
      {entry("sleep 5; logs run --job j x", "/bin/sh", "bot"), "j", "bot"},
  }));
  CAPTURE(given.command);
  const auto run = expected_run(given);
  REQUIRE(run);
  CHECK(run->job == job);
  CHECK(run->tool == tool);
}

TEST_CASE("what does not run through logs is not expected") {
  auto command = GENERATE(as<std::string>(), "report.sh", "logs why x", "logs run",
                          "echo logs run x", "cat logs", "logs run --job j", "'");
  CAPTURE(command);
  CHECK_FALSE(expected_run(entry(command)));
}

}  // namespace
}  // namespace logboom::collector
