#include "ui/cli/output.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "core/time.h"
#include "ui/cli/golden_for_tests.h"

namespace logboom::ui::cli {
namespace {

Line make(std::string_view time, std::vector<Labels::Pair> labels, std::string body,
          std::vector<std::pair<std::string, std::string>> metadata = {}, std::string id = {}) {
  Line line;
  line.time_ns = *parse_rfc3339(time);
  line.labels = std::make_shared<const Labels>(std::move(labels));
  line.body = std::move(body);
  line.metadata = std::move(metadata);
  line.id = std::move(id);
  return line;
}

std::vector<Line> sample() {
  return {
      make("2026-11-24T23:59:59.5Z", {{"job", "daily-report"}, {"stream", "stdout"}},
           "starting, \"quoted\"", {{"pod", "daily-report-1"}, {"run", "8fk2"}}, "a1"),
      make("2026-11-25T13:05:00Z", {{"job", "daily-report"}, {"stream", "stderr"}},
           "ERROR connection timeout after 5 s", {{"pod", "daily-report-1"}, {"run", "8fk2"}},
           "a2"),
      make("2026-11-25T13:05:01.000000001Z", {{"job", "web"}, {"level", "warn"}},
           "\x1b[31mred\x1b[0m and tame", {}, "a3"),
      make("2026-11-25T13:05:02Z", {{"container", "side"}}, "two\nlines\n", {}, "a4"),
      make("2026-11-25T13:05:03Z", {}, "", {}, ""),
  };
}

std::string print(OutputOptions options, const std::vector<Line>& lines) {
  std::ostringstream out;
  options.now = [] { return *parse_rfc3339("2026-11-25T13:30:00Z"); };
  options.tool = "bot";
  Printer printer(std::move(options), out);
  for (const auto& line : lines) printer.print(line);
  printer.finish();
  return out.str();
}

void check_golden(const std::string& name, const std::string& text) {
  CAPTURE(name);
  CHECK(text == golden(name, text));
}

TEST_CASE("each format prints the same lines its own way") {
  auto [name, format, fields, colour, safe] =
      GENERATE(table<std::string, Format, std::vector<std::string>, bool, bool>({
          {"cli_text", Format::text, {}, false, true},
          {"cli_text_colour", Format::text, {}, true, true},
          {"cli_text_fields", Format::text, {"ts", "pod", "line"}, false, true},
          {"cli_raw", Format::raw, {}, false, true},
          {"cli_raw_control", Format::raw, {}, false, false},
          {"cli_json", Format::json, {}, false, false},
          {"cli_jsonl", Format::jsonl, {}, false, false},
          {"cli_jsonl_fields", Format::jsonl, {"ts", "run", "line", "pod"}, false, false},
          {"cli_logfmt", Format::logfmt, {}, false, true},
          {"cli_csv", Format::csv, {}, false, true},
          {"cli_csv_fields", Format::csv, {"ts", "pod", "line"}, false, true},
      }));
  CAPTURE(name);
  OutputOptions options;
  options.format = format;
  options.fields = fields;
  options.colour = colour;
  options.safe = safe;
  options.highlight = Words::parse("timeout connection");
  check_golden(name, print(std::move(options), sample()));
}

TEST_CASE("no lines are still a whole document") {
  auto [format, expected] = GENERATE(table<Format, std::string>({
      {Format::text, ""},
      {Format::jsonl, ""},
      {Format::json, "[]\n"},
      {Format::csv, "ts,job,stream,level,line\n"},
  }));
  OutputOptions options;
  options.format = format;
  CHECK(print(std::move(options), {}) == expected);
}

TEST_CASE("a line of one source needs no job, and times may be left out") {
  OutputOptions options;
  options.show_job = false;
  options.times = TimeStyle::none;
  CHECK(print(std::move(options), {sample()[1]}) == "ERROR connection timeout after 5 s\n");
}

TEST_CASE("an unknown format is met with the nearest") {
  CHECK(*parse_format("jsonl") == Format::jsonl);
  CHECK(parse_format("jsnl").error().message ==
        "--output: unknown format 'jsnl'; did you mean 'jsonl'?");
  CHECK(parse_format("protobuf").error().message.find("one of text") != std::string::npos);
}

}  // namespace
}  // namespace logboom::ui::cli
