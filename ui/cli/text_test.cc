// Phrases, and which frames are folded.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "ui/cli/frames.h"
#include "ui/cli/phrases.h"

namespace logboom::ui::cli {
namespace {

TEST_CASE("amounts read as people say them") {
  auto [milliseconds, words] = GENERATE(table<std::int64_t, std::string>({
      {-1, ""},
      {0, "0 ms"},
      {850, "850 ms"},
      {1000, "1.0 s"},
      {9'950, "9.9 s"},
      {41'000, "41 s"},
      {60'000, "1 min"},
      {125'000, "2 min 5 s"},
      {3'600'000, "1 h"},
      {11'520'000, "3 h 12 min"},
      {439'200'000, "5 d 2 h"},
  }));
  CAPTURE(milliseconds);
  CHECK(duration_words(milliseconds) == words);
  auto [bytes, size] = GENERATE(table<std::int64_t, std::string>({
      {-1, ""},
      {512, "512 B"},
      {1536, "1.5 KiB"},
      {125'829'120, "120 MiB"},
      {INT64_MAX, "8388608 TiB"},
  }));
  CHECK(size_words(bytes) == size);
}

TEST_CASE("texts are broken at spaces, and anywhere when there are none") {
  auto [text, width, lines] = GENERATE(table<std::string, std::size_t, std::vector<std::string>>({
      {"", 5, {""}},
      {"abc", 5, {"abc"}},
      {"abcde", 5, {"abcde"}},
      {"one two three", 7, {"one two", "three"}},
      {"one two three", 8, {"one two", "three"}},
      {"abcdefgh", 3, {"abc", "def", "gh"}},
      {"\xc3\xa4\xc3\xb6\xc3\xbc x", 3, {"\xc3\xa4\xc3\xb6\xc3\xbc", "x"}},
      {"ab", 0, {"a", "b"}},
  }));
  CAPTURE(text, width);
  CHECK(wrapped(text, width) == lines);
}

TEST_CASE("cells are padded and cut off by columns") {
  CHECK(padded("\xc3\xa4", 3) == "\xc3\xa4  ");
  CHECK(padded("abcd", 3) == "ab\xe2\x80\xa6");
  CHECK(clipped("abc", 3) == "abc");
  CHECK(clipped("abc", 0).empty());
  CHECK(bars({0, 50, 100, -1}) == "\xe2\x96\x81\xe2\x96\x84\xe2\x96\x88 ");
  CHECK(bars({0, 0}) == "\xe2\x96\x81\xe2\x96\x81");
}

TEST_CASE("frames of libraries are told from one's own") {
  auto [line, library] = GENERATE(table<std::string, bool>({
      {R"(  File "/srv/bot/report.py", line 12, in main)", false},
      {R"(  File "/usr/lib/python3.11/asyncio/runners.py", line 190, in run)", true},
      {R"(  File "/home/x/venv/lib/python3.11/site-packages/requests/api.py", line 1, in get)",
       true},
      {R"(  File "<frozen importlib._bootstrap>", line 1, in _call)", true},
      {"\tat com.example.Report.main(Report.java:5)", false},
      {"\tat java.base/java.lang.Thread.run(Thread.java:840)", true},
      {"\tat java.util.Optional.get(Optional.java:1)", true},
      {"    at Object.<anonymous> (/srv/a.js:3:7)", false},
      {"    at node:internal/main/run_main_module:23:47", true},
      {"    at next (/srv/node_modules/express/lib/router.js:1:1)", true},
      {"\tfrom /usr/lib/ruby/3.1.0/net/http.rb:1:in `connect'", true},
      {"\tfrom /srv/pull.rb:3:in `<main>'", false},
      {"#1 /srv/vendor/guzzle/src/Client.php(12): send()", true},
      {"#0 /srv/sync.php(12): connect()", false},
      {"\t/usr/local/go/src/net/dial.go:10 +0x1", true},
      {"\t/srv/main.go:10 +0x1", false},
      {"   at System.Net.Http.HttpClient.Send()", true},
      {"ERROR at /node_modules/ of it", false},
      {"plain words", false},
      {"", false},
  }));
  CAPTURE(line);
  CHECK(is_library_frame(line) == library);
}

TEST_CASE("neighbouring library frames are one fold, cited lines stay") {
  std::vector<NumberedLine> lines;
  for (std::uint32_t i = 1; i <= 8; ++i) lines.push_back({i, "\tat java.util.A.b(A.java:1)"});
  lines[0].text = "Exception in thread \"main\"";
  const auto shape = [&](const std::set<std::uint32_t>& keep) {
    std::string text;
    for (const auto& fold : fold_frames(lines, keep)) {
      text += fold.folded ? "(" + std::to_string(fold.count) + ")" : ".";
    }
    return text;
  };
  CHECK(shape({}) == ".(7)");
  CHECK(shape({5}) == ".(3).(3)");
  CHECK(shape({4}) == "....(4)");
  lines[4].number = 50;
  for (std::uint32_t i = 5; i < 8; ++i) lines[i].number = 46 + i;
  CHECK(shape({}) == ".(3)(4)");
}

}  // namespace
}  // namespace logboom::ui::cli
