#include "core/level.h"

#include <catch2/catch.hpp>
#include <string>
#include <tuple>

namespace logboom {

TEST_CASE("a line's level is read off its start") {
  auto [line, level] = GENERATE(table<std::string, Level>({
      {"2026-01-01 12:00:00,123 ERROR main: boom", Level::error},
      {"[error] cannot open", Level::error},
      {"error: no such file", Level::error},
      {"WARN  c.e.Main - slow", Level::warn},
      {"ts=2026 level=warn msg=\"no ERROR here\"", Level::warn},
      {R"({"time":"x","level":"info","msg":"ERROR"})", Level::info},
      {R"({"level":50,"msg":"bunyan"})", Level::error},
      {"E0102 15:04:05.000 main.go:1] x", Level::error},
      {"I0102 15:04:05.000 main.go:1] x", Level::info},
      {"<3>kernel trouble", Level::error},
      {"<7>chatter", Level::debug},
      {"Traceback (most recent call last):", Level::error},
      {"KeyError: 'b'", Level::error},
      {"app.errors.LoadError", Level::error},
      {"java.io.IOException: read failed", Level::error},
      {"Uncaught TypeError: x is not a function", Level::error},
      {"KeyError handler installed", Level::unknown},
      {"noError: 0", Level::unknown},
      {"2026-01-01T00:00:00Z | FATAL | dead", Level::critical},
      {"CRITICAL:root:dead", Level::critical},
      {"there was no error in this run", Level::unknown},
      {"GET /error/page 200", Level::unknown},
      {"information desk", Level::unknown},
      {"", Level::unknown},
      {"level=", Level::unknown},
      {std::string(300, 'x') + " ERROR ", Level::unknown},
  }));
  CAPTURE(line);
  CHECK(name(detect_level(line)) == name(level));
}

TEST_CASE("level words and severities") {
  CHECK(parse_level("Warning") == Level::warn);
  CHECK(parse_level("e") == Level::error);
  CHECK_FALSE(parse_level("loud"));
  CHECK_FALSE(parse_level(""));
  for (int i = 0; i <= 6; ++i) {
    const auto level = static_cast<Level>(i);
    CHECK(level_of_severity(severity_of_level(level)) == level);
    CHECK(parse_level(name(level)) == level);
  }
  CHECK(level_of_severity(24) == Level::critical);
  CHECK(level_of_severity(25) == Level::unknown);
}

}  // namespace logboom
