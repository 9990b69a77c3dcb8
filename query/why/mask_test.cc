#include "query/why/mask.h"

#include <catch2/catch.hpp>
#include <string>

#include "query/why/why.h"

namespace logboom::query::why {
namespace {

TEST_CASE("a masked line keeps its words and loses what varies") {
  auto [line, expected] = GENERATE(table<std::string, std::string>({
      {"2024-05-01T12:03:04.123456Z starting worker 7", "starting worker #"},
      {"2024-05-01 12:03:04,123 +0000 starting worker 7", "starting worker #"},
      {"[2024-05-01 12:03:04] INFO done", "INFO done"},
      {"May  1 12:03:04 web3 cron[812]: job ran", "web# cron[#]: job ran"},
      {"May 11 02:03:04 web3 cron[99]: job ran", "web# cron[#]: job ran"},
      {"Wed May  1 12:03:04 UTC 2024 ready", "ready"},
      {"[   12.345678] usb 1-1: new device", "usb #: new device"},
      {"1714564984.123 start", "start"},
      {"12:03:04 tick", "tick"},
      {"12:03 tick", "tick"},
      {"01/May/2024:12:03:04 +0000 GET /", "GET /"},
      {"run of 2024-05-01 took 3.5s", "run of <time> took <dur>"},
      {"run of 2024-05-01T00:00:00Z took 3m12s", "run of <time> took <dur>"},
      {"took 12 ms", "took <dur>"},
      {"wrote 12MB of 3.4 GiB", "wrote <size> of <size>"},
      {"progress: 12% done", "progress: <pct> done"},
      {"progress: 12.5% done", "progress: <pct> done"},
      {"[=====>      ]  45%  3/10", "[==> ] <pct> #"},
      {"[==========> ]  90%  9/10", "[==> ] <pct> #"},
      {"connect to 10.0.0.1:5432 failed", "connect to <ip> failed"},
      {"connect to fe80::1 failed", "connect to <ip> failed"},
      {"listening on [::1]:8080", "listening on [::#]:#"},
      {"user 550e8400-e29b-41d4-a716-446655440000 gone", "user # gone"},
      {"commit 4f3c2a1b9d", "commit #"},
      {"at 0x7ffd1234abcd", "at #"},
      {"pod web-7d9f8c6b5-x2v4q ready", "pod web-#-# ready"},
      {"pod web-5c6f9d8b7c-zz9k2 ready", "pod web-#-# ready"},
      {"token aB3dE5fG7hK9mN1pQ3sT5 used", "token # used"},
      {"mail to ann@example.org", "mail to <mail>"},
      {"see https://example.org/a?b=1.", "see <url>"},
      {"open /var/lib/app/cache/8812/part-3.bin", "open /var/lib/app/cache/#/part-#.bin"},
      {"open /tmp/tmp.aB3dE5 failed", "open /tmp/* failed"},
      {"open '/tmp/x1/y' failed", "open '*' failed"},
      {"edited 12 of 12 pages", "edited # of # pages"},
      {"edited 0 of 1,204 pages", "edited # of # pages"},
      {R"(page "Foo bar 12" saved)", R"(page "*" saved)"},
      {R"(page "main" saved)", R"(page "main" saved)"},
      {R"(status: "ok")", R"(status: "ok")"},
      {R"({"level":"error","msg":"put refused","n":3})",
       R"({"level":"error","msg":"put refused","n":#})"},
      {"can't open file 'data 3.csv'", "can't open file '*'"},
      {"it doesn't work, isn't it", "it doesn't work, isn't it"},
      {"sizes: 1, 2, 3, 44", "sizes: #"},
      {"sizes: 5", "sizes: #"},
      {"row 1 2 3 4 |", "row # |"},
      {"exit=-3", "exit=#"},
      {"temp -12", "temp #"},
      {"sha256 utf8 x86_64 python3.11", "sha# utf# x#_# python#.#"},
      {"worker-12 done", "worker-# done"},
      {"user <ip:k7:9f3ac21b04> blocked", "user <ip> blocked"},
      {"<secret:github-token> found", "<secret:github-token> found"},
      {"Traceback (most recent call last):", "Traceback (most recent call last):"},
      {R"(  File "/srv/app/run.py", line 13, in <module>)", R"(File "*", line #, in <module>)"},
      {"ValueError: bad value '12'", "ValueError: bad value '*'"},
      {"main.go:12 +0x1f", "main.go:#"},
      {"v1.2.3 to v1.3.0", "v#.#.# to v#.#.#"},
      {"foo@1.2.3", "foo@#.#.#"},
      {"2 tests passed", "# tests passed"},
      {".......F...", "..F.."},
      {"====================", "=="},
      {"$ make -j4 all", "$ make -j# all"},
      {"port :8080", "port :#"},
      {R"(C:\Users\me\file 3.txt)", R"(C:\Users\me\file #.txt)"},
      {"GET /wiki/Page_12 200 12ms", "GET /wiki/Page_# <dur>"},
      {"`foo 3' not found", "`*' not found"},
      {"error at line 12:34", "error at line <time>"},
      {"T-1000 and R2D2", "T-# and R#D#"},
      {"id=42 name=x", "id=# name=x"},
      {"99 bottles", "# bottles"},
      {"1e-5 tolerance", "#e-# tolerance"},
      {"1.5e+10 tolerance", "#.#e+# tolerance"},
      {"12345678", "#"},
      {"deadbeef1", "#"},
      {"added facade decade", "added facade decade"},
      {"Mon is a day", "Mon is a day"},
      {"12/31/2024 report", "# report"},
      {"31.12.2024 report", "# report"},
      {"node_modules/foo-1.2.3/index.js", "node_modules/foo-#.#.#/index.js"},
      {"3 of 10: ok", "# of #: ok"},
      {"##[error]Process completed with exit code 1.",
       "##[error]Process completed with exit code #."},
      {"#12 4.52 npm ERR", "## npm ERR"},
      {"1h2m3s left", "<dur> left"},
      {"size=12k", "size=<size>"},
      {"9 s", "<dur>"},
      {R"({"level":50,"time":1794712500087,"pid":440,"msg":"purge aborted","title":"Foo Bar"})",
       R"({"level":#,"time":#,"pid":#,"msg":"purge aborted","title":"*"})"},
      {R"(time=x level=error msg="put refused" key="a b")",
       R"(time=x level=error msg="put refused" key="*")"},
      {"Mon May  6 we start, Sun is out, May fail", "<day> <day> # we start, Sun is out, May fail"},
      {"took 3.5 seconds and 12 s, 4 MB, 12 bytes", "took <dur> and <dur>, <size>, # bytes"},
      {"Fri, 03 May 2024 12:00:00 GMT date", "date"},
      {"\x1b[31mERROR\x1b[0m at 12:03:04", "ERROR at <time>"},
      {" 50%\r 75%\rdone 100%\r", "done <pct>"},
      {"volume vol-d969 of disk-ab12", "volume vol-# of disk-#"},
      {"step-2 of utf-8 at site-cafe", "step-# of utf-# at site-cafe"},
      {"key deadbeefcafe", "key #"},
      {"", ""},
      {"  \t ", ""},
  }));
  CAPTURE(line);
  CHECK(masked(line) == expected);
}

TEST_CASE("lines of one kind share a hash, other kinds do not") {
  auto [one, other, same] = GENERATE(table<std::string, std::string, bool>({
      {"12:00:01 saved page 'Foo 1' in 12 ms", "12:00:09 saved page 'Bar' in 3.5 s", true},
      {"copied 3 files to /srv/b/2024-05-01", "copied 31 files to /srv/b/2024-05-02", true},
      {"[####      ] 40%", "[######### ] 90%", true},
      {R"({"n":1,"msg":"saved"})", R"({"n":22,"msg":"saved"})", true},
      {R"({"n":1,"msg":"all saved"})", R"({"n":1,"msg":"not saved"})", false},
      {"result: ok", "result: failed", false},
      {"state=done", "state=stuck", false},
      {"wrote a.csv", "wrote b.csv", false},
  }));
  CAPTURE(one, other);
  CHECK((template_hash(one) == template_hash(other)) == same);
}

TEST_CASE("only a blank line has no hash") {
  CHECK(template_hash(" \t\r") == 0);
  CHECK(template_hash("0") != 0);
  CHECK(template_hash(std::string_view("\0", 1)) != 0);
}

TEST_CASE("the greatest count of a line is a number that stands alone") {
  auto [line, greatest] = GENERATE(table<std::string, std::int64_t>({
      {"edited 3 of 12 pages", 12},
      {"edited 0 of 0 pages", 0},
      {"1,204,333 rows", 1204333},
      {"wrote 120 bytes to part-99.bin in 200 ms", 120},
      {"at 10.0.0.99: 7 retries", 7},
      {"no number here, 2024-05-01", -1},
      {"99999999999999999999 is too great, 5 is not", 5},
  }));
  CAPTURE(line);
  Mask mask;
  mask_line(line, mask);
  CHECK(mask.greatest.value_or(-1) == greatest);
}

TEST_CASE("only the start of a very long line counts") {
  const std::string start(kMaskedBytes, 'x');
  CHECK(template_hash(start + "one") == template_hash(start + "another"));
}

}  // namespace
}  // namespace logboom::query::why
