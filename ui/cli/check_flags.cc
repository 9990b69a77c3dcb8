#include "ui/cli/check_flags.h"

#include <algorithm>
#include <charconv>

#include "core/labels.h"
#include "core/time.h"
#include "ui/cli/command_table.h"
#include "ui/cli/server.h"

namespace logboom::ui::cli {
namespace {

template <class Number>
bool whole_number(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

Result<void> read_lines(const std::string& text, View& view) {
  if (text == "all") {
    view.lines.reset();
    return {};
  }
  std::size_t count = 0;
  if (!whole_number(text, count)) {
    return fail(Errc::invalid, "--lines: '" + text + "' is no number of lines; or `all`");
  }
  view.lines = count;
  return {};
}

Result<void> read_level(const RawFlags& raw, View& view) {
  if (raw.level.empty()) return {};
  std::string name = raw.level;
  view.that_level_only = !name.ends_with('+');
  if (!view.that_level_only) name.pop_back();
  const auto level = parse_level(name);
  if (!level || *level == Level::unknown) {
    return fail(Errc::invalid, "--level: unknown level '" + name +
                                   "'; one of trace, debug, info, warn, error, critical");
  }
  view.least = *level;
  return {};
}

Result<void> read_fields(const RawFlags& raw, View& view) {
  std::string_view rest = raw.fields;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    if (end == 0) return fail(Errc::invalid, "--fields: a name is missing; write ts,job,line");
    view.fields.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

Result<void> check_together(const View& view) {
  if (!view.selection.logql.empty() && !view.selection.jobs.empty()) {
    return fail(Errc::invalid, "give JOB or --query, not both; in LogQL a job is {job=\"" +
                                   view.selection.jobs[0] + "\"}");
  }
  const bool logql_search = view.selection.search.starts_with('{');
  if (logql_search && (!view.selection.jobs.empty() || !view.selection.logql.empty())) {
    return fail(Errc::invalid,
                "TEXT is LogQL here, which names its jobs itself; leave out JOB "
                "and --query");
  }
  if (!view.selection.run.empty() && (logql_search || !view.selection.logql.empty())) {
    return fail(Errc::invalid, "give --run or LogQL, not both; in LogQL a run is {run=\"" +
                                   view.selection.run + "\"}");
  }
  if (!view.follow) return {};
  if (!view.until.empty()) {
    return fail(Errc::invalid,
                "--until ends what --follow never does; use `logs show` for a "
                "range of time");
  }
  if (!view.lines || *view.lines > kMaxPage) {
    return fail(Errc::invalid, "--lines: at most " + std::to_string(kMaxPage) +
                                   " when following; `logs show -n all` prints everything");
  }
  if (view.format == Format::json) {
    return fail(Errc::invalid,
                "--output: json is one array, which never ends when following; "
                "use jsonl");
  }
  return {};
}

Result<void> read_view(const RawFlags& raw, View& view) {
  if (auto done = read_lines(raw.lines, view); !done) return done;
  if (auto done = read_level(raw, view); !done) return done;
  if (auto done = read_fields(raw, view); !done) return done;
  const auto times = parse_time_style(raw.times);
  if (!times) return fail(times.error());
  view.times = *times;
  const auto format = parse_format(raw.format);
  if (!format) return fail(format.error());
  view.format = *format;
  if (raw.no_colour) view.colour = "never";
  if (view.colour != "auto" && view.colour != "always" && view.colour != "never") {
    return fail(Errc::invalid, "--color: '" + view.colour + "' is none of auto, always, never");
  }
  if (raw.context > kMaxPage / 2 ||
      std::max(view.around.before, view.around.after) > kMaxPage / 2) {
    return fail(Errc::invalid, "--around: at most " + std::to_string(kMaxPage / 2) + " lines");
  }
  view.around.before = std::max(view.around.before, raw.context);
  view.around.after = std::max(view.around.after, raw.context);
  return check_together(view);
}

Result<void> read_send(const RawFlags& raw, Arguments::Send& send) {
  for (const auto& text : raw.labels) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || !valid_label_name(text.substr(0, equals))) {
      return fail(Errc::invalid, "--label: '" + text + "' is no NAME=VALUE, such as env=test");
    }
    send.labels.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return {};
}

bool answers(Command command) {
  return command == Command::why || command == Command::runs || command == Command::usage ||
         command == Command::health;
}

// Of why, runs, usage and health, which print fewer kinds than the commands for lines.
Result<void> check_answer_format(const std::string& name, Command command) {
  const auto& row = *std::ranges::find(command_table(), command, &CommandRow::command);
  const bool lists = command == Command::runs;
  if (name == "text" || name == "json" || (lists && name == "jsonl")) return {};
  const auto wrong =
      parse_format(name) ? "'" + name + "' is for lines" : "unknown format '" + name + "'";
  return fail(Errc::invalid, "--output: " + wrong + "; `logs " + row.name + "` prints text" +
                                 (lists ? ", json or jsonl" : " or json"));
}

// What holds for why, runs, usage and health alone.
Result<void> read_answer(const RawFlags& raw, Arguments& result) {
  const bool lists = result.command == Command::runs;
  if (lists) return read_lines(raw.runs, result.view);
  if (result.command != Command::why) return {};
  if (raw.files.size() > 1) {
    return fail(Errc::invalid,
                "--file: one log at a time; logs of good runs to compare it with are --baseline");
  }
  if (!raw.files.empty()) result.why.file = raw.files[0];
  if (!raw.exit_code.empty()) {
    std::int64_t code = 0;
    if (!whole_number(raw.exit_code, code) || code < 0 || code > 255) {
      return fail(Errc::invalid, "--exit: '" + raw.exit_code + "' is no exit code, 0 to 255");
    }
    result.why.exit_code = code;
  }
  const bool file_only = result.why.exit_code || !result.why.baselines.empty();
  if (result.why.file.empty() && file_only) {
    return fail(Errc::invalid,
                "--baseline and --exit belong to --file LOG; a job's good runs and "
                "exit code are known to the server");
  }
  if (!result.why.file.empty() && !result.subject.empty()) {
    return fail(Errc::invalid, "give JOB or --file, not both");
  }
  return {};
}

Result<void> read_ping(const RawFlags& raw, Arguments::Ping& ping) {
  unsigned code = 0;
  if (!ping.signal.empty() && ping.signal != "start" && ping.signal != "fail" &&
      ping.signal != "log" && !(whole_number(ping.signal, code) && code <= 255)) {
    return fail(Errc::invalid, "'" + ping.signal +
                                   "' is none of start, fail, log and an exit code "
                                   "from 0 to 255; nothing means that it went well");
  }
  const auto duration = [](const char* flag, const std::string& text,
                           std::string& target) -> Result<void> {
    if (text.empty()) return {};
    if (auto parsed = parse_duration(text); !parsed) {
      return fail(std::move(parsed).error().in(flag));
    }
    target = text;
    return {};
  };
  if (!raw.period.empty() && !ping.schedule.empty()) {
    return fail(Errc::invalid, "give --schedule or --period, not both");
  }
  if (auto done = duration("--period", raw.period, ping.period); !done) return done;
  return duration("--grace", raw.grace, ping.grace);
}

}  // namespace

Result<void> check_flags(const RawFlags& raw, Arguments& result) {
  if (answers(result.command)) {
    if (auto done = check_answer_format(raw.format, result.command); !done) return done;
  }
  if (auto done = read_view(raw, result.view); !done) return done;
  switch (result.command) {
    case Command::why:
    case Command::runs:
    case Command::usage:
    case Command::health:
      return read_answer(raw, result);
    case Command::ping:
      return read_ping(raw, result.ping);
    case Command::send:
      return read_send(raw, result.send);
    default:
      return {};
  }
}

}  // namespace logboom::ui::cli
