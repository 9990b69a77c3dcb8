#include "ui/cli/terminal.h"

#include <catch2/catch.hpp>
#include <string>

#include "ui/cli/answer.h"
#include "ui/cli/words.h"

namespace logboom::ui::cli {
namespace {

TEST_CASE("colour follows the flag, then the environment, then the terminal") {
  auto [flag, environment, terminal, expected] =
      GENERATE(table<std::string, Environment, bool, bool>({
          {"auto", {}, true, true},
          {"auto", {}, false, false},
          {"", {}, true, true},
          {"always", {}, false, true},
          {"never", {}, true, false},
          {"auto", {{"NO_COLOR", "1"}}, true, false},
          {"auto", {{"NO_COLOR", ""}}, true, true},
          {"always", {{"NO_COLOR", "1"}}, false, true},
          {"auto", {{"CLICOLOR_FORCE", "1"}}, false, true},
          {"auto", {{"CLICOLOR_FORCE", "0"}}, false, false},
          {"auto", {{"FORCE_COLOR", "1"}}, false, true},
          {"auto", {{"FORCE_COLOR", "1"}, {"NO_COLOR", "1"}}, true, false},
          {"never", {{"FORCE_COLOR", "1"}}, true, false},
          {"auto", {{"TERM", "dumb"}}, true, false},
          {"auto", {{"TERM", "dumb"}, {"FORCE_COLOR", "3"}}, true, true},
          {"auto", {{"TERM", "xterm"}}, true, true},
      }));
  CAPTURE(flag, environment, terminal);
  CHECK(use_colour(flag, environment, terminal) == expected);
}

TEST_CASE("nothing in a line can take over the terminal") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"plain text", "plain text"},
      {"tab\tstays", "tab\tstays"},
      {"umlaut \xc3\xbc, \xe2\x82\xac, \xf0\x9f\x98\x80",
       "umlaut \xc3\xbc, \xe2\x82\xac, \xf0\x9f\x98\x80"},
      {"\x1b[31mred\x1b[0m", "red"},
      {"\x1b[2J\x1b[Hclear", "clear"},
      {"\x1b]0;title\atext", "text"},
      {"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"},
      {"\x1b]0;never ends", "0;never ends"},
      {"\x1bPdevice\x1b\\string", "string"},
      {"\x1b(Bcharset", "charset"},
      {"\x1b"
       "7save",
       "save"},
      {"cut \x1b", "cut "},
      {"cut \x1b[3", "cut "},
      {"\xc2\x9b"
       "31mred",
       "red"},
      {"\xc2\x9d"
       "0;title\atext",
       "text"},
      {"bell\a back\b return\r\ndel\x7f", "bell back return del"},
      {"bad \xff\xfe utf \xc3", "bad \xEF\xBF\xBD\xEF\xBF\xBD utf \xEF\xBF\xBD"},
      {"overlong \xc0\xaf", "overlong \xEF\xBF\xBD\xEF\xBF\xBD"},
      {"rtl \xe2\x80\xae"
       "evil",
       "rtl evil"},
      {std::string("nul\0!", 5), "nul!"},
  }));
  CAPTURE(text);
  CHECK(printable(text) == expected);
  CHECK(printable(printable(text)) == expected);
}

TEST_CASE("any text is a JSON string") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\n\r\t\x01\x7f", R"("\n\r\t\u0001\u007f")"},
      {"\xc3\xbc\xff", "\"\xc3\xbc\xEF\xBF\xBD\""},
      {std::string("\0", 1), R"("\u0000")"},
  }));
  CHECK(json_quote(text) == expected);
}

TEST_CASE("the pager is the one asked for") {
  auto [environment, expected] = GENERATE(table<Environment, std::string>({
      {{{"LOGS_PAGER", "most"}, {"PAGER", "more"}}, "most"},
      {{{"PAGER", "more"}}, "more"},
      {{{"LOGS_PAGER", ""}, {"PAGER", "more"}}, ""},
      {{{"PAGER", "cat"}}, ""},
      {{{"PATH", "/nonexistent"}}, ""},
  }));
  CHECK(Pager::command(environment) == expected);
}

TEST_CASE("a search is words, phrases and exclusions") {
  auto [text, line, expected] = GENERATE(table<std::string, std::string, bool>({
      {"timeout", "Connection TIMEOUT after 5 s", true},
      {"time out", "Connection TIMEOUT after 5 s", true},
      {"timeout refused", "Connection TIMEOUT after 5 s", false},
      {"\"connection timeout\"", "Connection TIMEOUT after 5 s", true},
      {"\"timeout connection\"", "Connection TIMEOUT after 5 s", false},
      {"timeout -after", "Connection TIMEOUT after 5 s", false},
      {"timeout -\"after 6\"", "Connection TIMEOUT after 5 s", true},
      {"a - b", "a - b", true},
      {"a - b", "a b", false},
      {"\"open phrase", "an OPEN PHRASE here", true},
      {"", "anything", true},
      {"  ", "anything", true},
  }));
  CAPTURE(text, line);
  CHECK(Words::parse(text).match(line) == expected);
}

}  // namespace
}  // namespace logboom::ui::cli
