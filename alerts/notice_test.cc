#include "alerts/notice.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace logboom::alerts {
namespace {

constexpr std::int64_t kHour = 3600 * std::int64_t{1'000'000'000};
constexpr std::int64_t kNow = 1'764'064'800'000'000'000;  // 2025-11-25 10:00 UTC

// Compares with tests/golden/NAME.out; UPDATE_GOLDEN=1 writes it instead.
void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::string(GOLDEN_DIRECTORY) + "/" + name + ".out";
  if (std::getenv("UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream expected;
  expected << file.rdbuf();
  CHECK(text == expected.str());
}

Notice failed() {
  Notice notice;
  notice.now_ns = kNow;
  notice.last_good_ns = kNow - 25 * kHour;
  notice.next_tick_ns = kNow + 16 * kHour;
  auto& incident = notice.incident;
  incident.id = "8fk2m3q4w5e6";
  incident.tool = "bot";
  incident.job = "daily-report";
  incident.headline = "ImportError: No module named 'pywikibot'";
  incident.cause = "code/import";
  incident.first_run = incident.last_run = "0a1b2c3d4e5f";
  incident.last_good = "zz00yy11xx22";
  incident.opened_ns = kNow;
  incident.first_bad_ns = kNow - kHour / 60;
  incident.failures = 1;
  incident.good_before = 41;
  incident.messages = 1;
  store::Run run;
  run.tool = "bot";
  run.id = "0a1b2c3d4e5f";
  run.job = "daily-report";
  run.start = RunEvent{};
  run.start->time_ns = kNow - kHour / 60;
  run.start->command = "python3 /srv/bot/daily_report.py --all";
  run.start->node = "node-1";
  run.start->memory_limit_bytes = 512 << 20;
  run.end = RunEvent{};
  run.end->kind = RunEvent::Kind::end;
  run.end->time_ns = kNow - 1;
  run.end->exit_code = 1;
  run.end->wall_ms = 12'345;
  run.end->cpu_ms = 1'200;
  run.end->memory_bytes = 36'000'000;
  run.end->lines = 1'250;
  notice.run = run;
  notice.proof = read_proof(R"({"confidence":0.97,"complete":true,
    "evidence":[{"kind":"exit","text":"It exited with 1."},
                {"kind":"trace","text":"A Python traceback ends at line 44.","line":44}],
    "lines":[{"n":44,"text":"ImportError: No module named 'pywikibot'"}],
    "excerpt_lines":[{"n":3,"text":"starting <all> & more"},
      {"n":42,"text":"Traceback (most recent call last):"},
      {"n":43,"text":"  File \"/srv/bot/daily_report.py\", line 7, in <module> and on, too long"},
      {"n":44,"text":"ImportError: No module named 'pywikibot'"}]})");
  return notice;
}

std::string everything(const Notice& notice, std::string_view unsubscribe) {
  const auto parts = mail_parts(notice, "owner@example.org", unsubscribe);
  return irc_line(notice) + "\n\n" + parts.subject + "\n\n" + parts.plain + "\n" + parts.html;
}

TEST_CASE("messages read as they always do") {
  Notice notice = failed();
  SECTION("a first failure") { check_golden("alert_failed", everything(notice, "")); }
  SECTION("with a page to link to") {
    notice.base_url = "https://logs.example.org";
    check_golden("alert_failed_link", everything(notice, "https://logs.example.org/u?key=1"));
  }
  SECTION("another failure meanwhile") {
    notice.tell = Tell::changed;
    notice.incident.failures = 3;
    notice.incident.messages = 2;
    notice.incident.notes = {"run abc: disk full"};
    check_golden("alert_changed", everything(notice, ""));
  }
  SECTION("recovered") {
    notice.tell = Tell::recovered;
    notice.incident.failures = 3;
    notice.incident.closed_ns = kNow;
    notice.incident.first_bad_ns = kNow - 130 * kHour / 60;
    notice.run->end->exit_code = 0;
    check_golden("alert_recovered", everything(notice, ""));
  }
  SECTION("missed") {
    notice.run.reset();
    notice.proof = {};
    notice.incident.kind = Kind::missed;
    notice.incident.headline = "did not run at 09:59 UTC";
    notice.incident.cause = "platform/missed_schedule";
    check_golden("alert_missed", everything(notice, ""));
  }
}

TEST_CASE("an IRC line fits, is one line, and has the incident's id") {
  Notice notice = failed();
  const bool link = GENERATE(false, true);
  if (link) notice.base_url = "https://logs.example.org";
  auto headline = GENERATE(as<std::string>(), "short", std::string(1000, 'x'),
                           "two\nlines\r\nPRIVMSG #other :evil", "\u00fc\u00fc\u00fc\u00fc",
                           std::string(500, '\xff'),
                           "\x02"
                           "bold \x03"
                           "4colour",
                           "");
  notice.incident.headline = headline;
  for (int i = 0; headline.size() > 400 && i < 400; ++i) notice.incident.headline += "\u00fc";
  notice.incident.job = GENERATE(as<std::string>(), "report", std::string(200, 'j'));
  const std::string line = irc_line(notice);
  CAPTURE(line);
  CHECK(line.size() <= kMaxIrcLine);
  CHECK(line.find_first_of("\r\n\x02\x03") == std::string::npos);
  CHECK(line.find("[8fk2m3q4w5e6]") != std::string::npos);
  CHECK(line.find("0a1b2c3d4e5f") != std::string::npos);
  CHECK(line.starts_with("FAILED bot/"));
}

TEST_CASE("a plain part keeps to 78 columns and an HTML part to text") {
  Notice notice = failed();
  notice.incident.headline = std::string(300, 'w') + " <script>alert(1)</script>";
  notice.proof.lines = {{1, true, std::string(2000, 'x')}, {9, false, "<img src=x>"}};
  const auto parts = mail_parts(notice, "owner@example.org", "");
  std::istringstream rows(parts.plain);
  std::string row;
  while (std::getline(rows, row)) {
    CAPTURE(row);
    CHECK(row.size() <= 78 + 2);  // the ellipsis has three bytes
  }
  CHECK(parts.html.find("<script") == std::string::npos);
  CHECK(parts.html.find("<img") == std::string::npos);
  CHECK(parts.subject.size() <= 200);
}

TEST_CASE("a verdict in any shape makes a message all the same") {
  auto json = GENERATE(as<std::string>(), "", "{", "[]", R"({"lines":3,"evidence":[1,{}]})",
                       R"({"lines":[{"n":"x"},{"text":"y"}],"confidence":"high"})");
  CHECK(read_proof(json).lines.empty());
}

TEST_CASE("a digest tells how many messages it stands for") {
  const std::vector<std::string> lines = {"FAILED bot/a: x", "FAILED bot/b: y"};
  CHECK(digest_line("bot", lines, "") ==
        "DIGEST bot: 2 messages held back, too many in an hour; the last: FAILED bot/b: y - logs "
        "runs --failed");
  CHECK(digest_parts("bot", lines, "", "").plain.find("FAILED bot/a: x") != std::string::npos);
}

}  // namespace
}  // namespace logboom::alerts
