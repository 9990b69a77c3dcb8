#include "alerts/recipients.h"

#include <catch2/catch.hpp>

namespace logboom::alerts {
namespace {

TEST_CASE("the most exact rules decide who hears of what") {
  const auto recipients = Recipients::parse({
      "*=mailto:tools.{tool}@example.org",
      "bot=irc:#bot",
      "bot=mailto:owner@example.org",
      "bot/report=mailto:report@example.org",
      "bot/noise=none",
      "bot/slow:frozen=none",
      "quiet=none",
  });
  REQUIRE(recipients);
  auto [tool, job, kind, expected] = GENERATE(table<std::string, std::string, Kind, std::string>({
      {"other", "x", Kind::failed, "mailto:tools.other@example.org "},
      {"bot", "x", Kind::failed, "mailto:owner@example.org irc:#bot "},
      {"bot", "report", Kind::missed, "mailto:report@example.org "},
      {"bot", "noise", Kind::failed, ""},
      {"bot", "slow", Kind::frozen, ""},
      {"bot", "slow", Kind::failed, "mailto:owner@example.org irc:#bot "},
      {"quiet", "x", Kind::lost, ""},
  }));
  CAPTURE(tool, job);
  std::string names;
  for (const auto& to : recipients->of(tool, job, kind)) names += to.text() + " ";
  CHECK(names == expected);
  CHECK(recipients->of_tool("bot").size() == 4);
}

TEST_CASE("a rule that cannot be is refused by name") {
  auto rule = GENERATE(as<std::string>(), "bot", "=mailto:a@b", "bot=a@b", "bot=mailto:nobody",
                       "bot=mailto:a@b,c@d", "bot=mailto:a b@c", "bot=mailto:a@b\r\nBcc: x",
                       "bot=irc:channel", "bot=irc:#a,#b", "bot=irc:#a b", "-x=none", "a b=none",
                       "bot=mailto:", "bot=irc:#", "bot=mailto:\"a\"@b");
  const auto parsed = Recipients::parse({rule});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::alerts
