#include "collector/run/command_line.h"

#include <catch2/catch.hpp>

namespace logboom::collector {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("flags stand before the command, which keeps its own") {
  const auto line = parse_run_line({"--job", "x", "--timeout=5m", "--spool", "/s", "ls", "--job"});
  REQUIRE(line);
  CHECK(line->request.job == "x");
  CHECK(line->request.timeout == std::chrono::minutes(5));
  CHECK(line->request.spool == "/s");
  CHECK(line->request.command == Words{"ls", "--job"});

  const auto plain = parse_run_line({"--spool", "/s", "--", "./daily.sh", "a b", "it's"});
  REQUIRE(plain);
  CHECK(plain->request.job == "daily");
  CHECK_FALSE(parse_run_line({"--timeout", "0", "ls"})->request.timeout);
  CHECK(plain->request.command_text == R"(./daily.sh 'a b' 'it'\''s')");
}

TEST_CASE("wrong flags are refused with a remedy") {
  const auto words = GENERATE(values<Words>({{},
                                             {"--job"},
                                             {"--job", "", "ls"},
                                             {"--frob", "1", "ls"},
                                             {"--timeout", "soon", "ls"},
                                             {"--timeout", "-1s", "ls"},
                                             {"--timeout", "inf", "ls"},
                                             {"--tool", "a/b", "ls"},
                                             {"--spool", "relative", "ls"},
                                             {"--"}}));
  const auto line = parse_run_line(words);
  REQUIRE_FALSE(line);
  CHECK_FALSE(line.error().message.empty());
}

TEST_CASE("a shell's line is a run; what is no -c, or is logs run itself, is the shell's") {
  const auto run = parse_shell_line({"-c", "cd /srv && ./backup.sh #job: nightly"});
  REQUIRE(run);
  CHECK(run->job == "nightly");
  CHECK(run->trigger == "cron");
  CHECK(run->command == Words{"/bin/sh", "-c", "cd /srv && ./backup.sh #job: nightly"});
  CHECK_FALSE(parse_shell_line({}));
  CHECK_FALSE(parse_shell_line({"-l"}));
  CHECK_FALSE(parse_shell_line({"script.sh"}));
  CHECK_FALSE(parse_shell_line({"-c", " /usr/bin/logs run --job x -- ls"}));
  CHECK(parse_shell_line({"-c", "logs runs"}));
  CHECK(is_shell_name("/usr/bin/logs-sh"));
  CHECK(is_shell_name("-logs-sh"));
  CHECK_FALSE(is_shell_name("logs"));
}

}  // namespace
}  // namespace logboom::collector
