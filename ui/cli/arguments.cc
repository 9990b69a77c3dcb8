#include "ui/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/options.h"
#include "ui/cli/check_flags.h"
#include "ui/cli/command_table.h"

namespace logboom::ui::cli {
namespace {

// Of the commands that read.
constexpr const char* kEpilogue =
    "\nTimes are 2h, '3 days ago', today, yesterday, 14:05, 2026-01-31 or RFC 3339.\n"
    "Exit status: 0 fine, 1 error, 2 wrong usage, 3 nothing found (with --fail-empty),\n"
    "4 not let in, 5 no such job or run, 6 limit reached, 7 server unreachable, 130 interrupted.\n";

void add_connection_flags(CLI::App& app, Arguments& result) {
  const std::string group = "Server";
  app.add_option("--url", result.connection.url, "The server (LOGS_URL)")
      ->type_name("URL")
      ->group(group);
  app.add_option("--tool", result.connection.tool, "Whose logs (LOGS_TOOL; else local)")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--token", result.connection.token,
                 "Access token; LOGS_TOKEN or `logs login` keep it off the command line")
      ->type_name("TOKEN")
      ->group(group);
  app.add_option("--context", result.connection.context, "A server of config.toml (LOGS_CONTEXT)")
      ->type_name("NAME")
      ->group(group);
  app.add_flag("-q,--quiet", result.quiet, "No notes on standard error, only errors")->group(group);
}

void add_selection_flags(CLI::App& app, View& view, RawFlags& raw) {
  const std::string group = "Which lines";
  const auto list = [&](const char* names, std::vector<std::string>& target, const char* help) {
    app.add_option(names, target, help)
        ->type_name("REGEX")
        ->group(group)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  app.add_option("-n,--lines", raw.lines, "How many, the newest; or `all` (default 200)")
      ->type_name("N")
      ->group(group);
  app.add_option("-S,--since", view.since, "Not older than this")->type_name("TIME")->group(group);
  app.add_option("-U,--until", view.until, "Older than this")->type_name("TIME")->group(group);
  app.add_option("--run", view.selection.run, "Of this run, by its id")
      ->type_name("ID")
      ->group(group);
  list("-g,--grep", view.selection.grep, "That match; any of several");
  list("-v,--exclude", view.selection.exclude, "That do not match");
  app.add_flag("-i,--ignore-case", view.selection.ignore_case, "For --grep and --exclude")
      ->group(group);
  app.add_option("-l,--level", raw.level, "Of this level; warn+ is warn and worse")
      ->type_name("LEVEL")
      ->group(group);
  app.add_option("--query", view.selection.logql, "LogQL, instead of JOB")
      ->type_name("LOGQL")
      ->group(group);
  app.add_flag("--fail-empty", view.fail_empty, "Exit with 3 when nothing is found")->group(group);
}

void add_output_flags(CLI::App& app, View& view, RawFlags& raw) {
  const std::string group = "How they look";
  app.add_option("-o,--output", raw.format, "text, raw, json, jsonl, logfmt or csv")
      ->type_name("FORMAT")
      ->group(group);
  app.add_option("--fields", raw.fields, "Which, as in jsonl or any label: ts,job,pod,line")
      ->type_name("LIST")
      ->group(group);
  app.add_flag("-t{iso},--timestamps{iso}", raw.times,
               "Full times; or =short, iso, unix, rel, none")
      ->type_name("")
      ->group(group);
  app.add_option("--tz", view.zone, "Time zone: local, UTC, Europe/Berlin")
      ->type_name("ZONE")
      ->group(group);
  app.add_option("--color", view.colour, "auto, always or never")->type_name("WHEN")->group(group);
  app.add_flag("--no-color", raw.no_colour, "As --color never")->group(group);
  app.add_flag("--raw-control", view.raw_control,
               "Send the lines' control characters to the terminal, too")
      ->group(group);
}

// Of the commands about runs: `formats` is what they can print.
void add_answer_flags(CLI::App& app, View& view, RawFlags& raw, const char* formats, bool pager) {
  const std::string group = "How it looks";
  app.add_option("-o,--output", raw.format, formats)->type_name("FORMAT")->group(group);
  app.add_option("--tz", view.zone, "Time zone: local, UTC, Europe/Berlin")
      ->type_name("ZONE")
      ->group(group);
  app.add_option("--color", view.colour, "auto, always or never")->type_name("WHEN")->group(group);
  app.add_flag("--no-color", raw.no_colour, "As --color never")->group(group);
  if (pager) {
    app.add_flag("--no-pager", view.no_pager, "Print at once (LOGS_PAGER, PAGER)")->group(group);
  }
}

void add_why_flags(CLI::App& app, Arguments& result, RawFlags& raw) {
  const std::string file = "A file instead of a server";
  app.add_option("JOB", result.subject)->group("Arguments");
  app.add_flag("--refresh", result.why.refresh, "Look again, with what is known now")
      ->group("Which run");
  app.add_flag("--exit-status", result.exit_status, "Exit with 1 when the run failed")
      ->group("Which run");
  app.add_option("--file", raw.files, "This log; - is standard input")
      ->type_name("LOG")
      ->group(file)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--baseline", result.why.baselines, "Logs of good runs, the newest first")
      ->type_name("GOODLOG")
      ->group(file)
      ->expected(1, -1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--exit", raw.exit_code, "What its command exited with")
      ->type_name("N")
      ->group(file);
  add_answer_flags(app, result.view, raw, "text or json", true);
}

void add_runs_flags(CLI::App& app, Arguments& result, RawFlags& raw) {
  const std::string group = "Which runs";
  app.add_option("JOB", result.subject)->group("Arguments");
  app.add_flag("--failed", result.runs_failed, "That did not go well")->group(group);
  app.add_option("-n,--lines", raw.runs, "How many, the newest; or `all` (default 100)")
      ->type_name("N")
      ->group(group);
  app.add_option("-S,--since", result.view.since, "Not older than this")
      ->type_name("TIME")
      ->group(group);
  add_answer_flags(app, result.view, raw, "text, json or jsonl", true);
}

void add_ping_flags(CLI::App& app, Arguments& result, RawFlags& raw) {
  auto& ping = result.ping;
  const auto option = [&](const char* names, std::string& target, const char* type,
                          const char* help, const char* group) {
    app.add_option(names, target, help)->type_name(type)->group(group);
  };
  app.add_option("CHECK", result.subject)->required()->group("Arguments");
  app.add_option("SIGNAL", ping.signal)->group("Arguments");
  option("-m,--message", ping.message, "TEXT", "Lines to keep with it; - is standard input",
         "What happened");
  option("--run", ping.run, "ID", "Joins a start and an end where runs overlap", "What happened");
  option("--schedule", ping.schedule, "CRON", "When it should run, such as '15 3 * * *'",
         "What is expected");
  option("--zone", ping.zone, "ZONE", "Of the schedule, such as Europe/Berlin", "What is expected");
  option("--period", raw.period, "TIME", "Instead of a schedule: how often it should ping",
         "What is expected");
  option("--grace", raw.grace, "TIME", "How late it may be, such as 10m", "What is expected");
  app.add_flag("--strict", ping.strict, "Exit with an error when it did not get through")
      ->group("What happened");
}

void add_view_flags(CLI::App& app, const CommandRow& row, Arguments& result, RawFlags& raw) {
  if (row.command == Command::search) {
    app.add_option("TEXT", result.view.selection.search)->required()->group("Arguments");
    app.add_flag("--count", result.view.count, "Print the number of hits alone")
        ->group("Which lines");
    const auto around = [&](const char* names, std::size_t& target, const char* help) {
      app.add_option(names, target, help)->type_name("N")->group("Which lines");
    };
    around("-C,--around", raw.context, "Lines around each hit, of the same source");
    around("-A,--after", result.view.around.after, "Lines after each hit");
    around("-B,--before", result.view.around.before, "Lines before each hit");
  }
  app.add_option("JOB", result.view.selection.jobs)->group("Arguments");
  if (row.command == Command::show || row.command == Command::tail) {
    app.add_flag("-f,--follow", result.view.follow, "Go on with new lines, as tail does")
        ->group("Which lines");
  }
  add_selection_flags(app, result.view, raw);
  add_output_flags(app, result.view, raw);
  if (row.command != Command::tail) {
    app.add_flag("--no-pager", result.view.no_pager, "Print at once (LOGS_PAGER, PAGER)")
        ->group("How they look");
  }
}

// Only to be explained: collector/run/command_line.cc reads them.
void add_run_flags(CLI::App& app, RawFlags& raw) {
  const auto flag = [&](const char* name, const char* type, const char* help) {
    app.add_option(name, raw.topic, help)->type_name(type)->group("The run");
  };
  flag("--tool", "NAME", "Whose run it is (LOGS_TOOL)");
  flag("--job", "NAME", "Of which job (default: the command's name)");
  flag("--timeout", "TIME",
       "End it after 90s, 5m, 2h: SIGTERM, 10 s later SIGKILL; exit 124. 0: never");
  flag("--spool", "DIR", "Where it is kept until a collector has it (LOGS_SPOOL)");
  flag("--spool-limit", "MIB", "Disk it may take there (default 64)");
}

void add_send_flags(CLI::App& app, Arguments& result, RawFlags& raw) {
  app.add_option("--job", result.send.job, "The job the lines belong to (default stdin)")
      ->type_name("NAME")
      ->group("Lines");
  app.add_option("-l,--label", raw.labels, "A label more; may be repeated")
      ->type_name("NAME=VALUE")
      ->group("Lines")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::App& add_command(CLI::App& app, const CommandRow& row, Arguments& result, RawFlags& raw) {
  auto& sub = *app.add_subcommand(row.name, row.purpose);
  switch (row.command) {
    case Command::tail:
    case Command::show:
    case Command::search:
      add_view_flags(sub, row, result, raw);
      break;
    case Command::run:
      add_run_flags(sub, raw);
      break;
    case Command::send:
      add_send_flags(sub, result, raw);
      break;
    case Command::why:
      add_why_flags(sub, result, raw);
      break;
    case Command::runs:
      add_runs_flags(sub, result, raw);
      break;
    case Command::usage:
      sub.add_option("JOB", result.subject)->required()->group("Arguments");
      add_answer_flags(sub, result.view, raw, "text or json", false);
      break;
    case Command::health:
      sub.add_flag("--exit-status", result.exit_status, "Exit with 1 when something is wrong");
      add_answer_flags(sub, result.view, raw, "text or json", false);
      break;
    case Command::ping:
      add_ping_flags(sub, result, raw);
      break;
    case Command::login:
      sub.add_option("URL", result.connection.url)->group("Arguments");
      sub.add_flag("--with-token", result.with_token, "Read a token from standard input");
      break;
    case Command::completion:
      sub.add_option("SHELL", result.text)->required()->group("Arguments");
      break;
    case Command::help:
      sub.add_option("COMMAND", raw.topic)->group("Arguments");
      break;
    default:
      break;
  }
  if (row.command != Command::help && row.command != Command::run &&
      row.command != Command::completion && row.command != Command::version) {
    add_connection_flags(sub, result);
  }
  sub.set_help_flag("-h,--help", "This text");
  return sub;
}

struct Parser {
  CLI::App app;
  Arguments result;
  RawFlags raw;
  bool version = false;

  Parser() {
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.set_help_flag("-h,--help", "This text");
    app.add_flag("--version", version, "Print the version");
    add_connection_flags(app, result);
    for (const auto& row : command_table()) add_command(app, row, result, raw);
    app.require_subcommand(0, 1);
  }
};

std::string flag_names(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) names += "-" + name + ", ";
  if (names.empty()) names = "    ";
  for (const auto& name : option.get_lnames()) names += "--" + name;
  if (const auto type = option.get_type_name(); !type.empty()) names += " " + type;
  return names;
}

// The flags, group by group, in the order they were added.
std::string flags_help(const CLI::App& app) {
  std::vector<std::string> groups;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) continue;
    if (std::ranges::find(groups, option->get_group()) == groups.end()) {
      groups.push_back(option->get_group());
    }
  }
  // --help comes first in the library's list and last in ours.
  std::ranges::stable_partition(groups, [](const auto& group) { return group != "Options"; });
  std::string out;
  for (const auto& group : groups) {
    out += "\n" + (group == "Options" ? std::string("Other") : group) + ":\n";
    for (const auto* option : app.get_options()) {
      if (option->get_positional() || option->get_group() != group) continue;
      auto names = "  " + flag_names(*option);
      names.resize(std::max<std::size_t>(names.size() + 2, 26), ' ');
      out += names + option->get_description() + "\n";
    }
  }
  return out;
}

std::string command_help(const CLI::App& app, const CommandRow& row) {
  const std::string usage = *row.usage ? std::string(" ") + row.usage : "";
  const bool reads = std::string_view(row.group) == "Read" || row.command == Command::runs;
  return std::string("logs ") + row.name + ": " + row.purpose + "\n\nUsage: logs " + row.name +
         usage + (row.command == Command::run ? "" : " [flags]") + "\n\nExamples:\n" +
         row.examples + flags_help(app) + (reads ? kEpilogue : "");
}

// The library's error in our words: what was not understood, and the nearest flag.
Error parse_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto parsed = app.get_subcommands();
  const CLI::App& used = parsed.empty() ? app : *parsed.front();
  const auto left = app.remaining(true);
  if (left.empty() || dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) {
    const std::string hint = parsed.empty() ? "" : " " + used.get_name();
    return {Errc::invalid, std::string(error.what()) + "; see `logs" + hint + " --help`"};
  }
  const auto& word = left.front();
  if (!word.starts_with('-')) {
    if (parsed.empty()) return unknown_command(word);
    return {Errc::invalid, "`logs " + used.get_name() + "` takes no argument '" + word + "' here"};
  }
  std::vector<std::string> known;
  for (const auto* option : used.get_options()) {
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  }
  const auto near = nearest(word.substr(0, word.find('=')), known);
  return {Errc::invalid,
          "unknown flag '" + word + "'" +
              (near.empty() ? parsed.empty() ? "; flags stand after the command"
                                             : "; see `logs " + used.get_name() + " --help`"
                            : "; did you mean '" + near + "'?")};
}

Result<Arguments> help_on(const Parser& parser, const std::string& topic) {
  Arguments result;
  result.command = Command::help;
  if (topic.empty()) {
    result.text = commands_help();
    return result;
  }
  const auto* row = find_command(topic);
  if (!row) return fail(unknown_command(topic));
  result.text = command_help(*parser.app.get_subcommand(topic), *row);
  return result;
}

Result<Arguments> finish(Parser& parser) {
  auto& result = parser.result;
  if (parser.version) {
    result.command = Command::version;
    return std::move(result);
  }
  const auto parsed = parser.app.get_subcommands();
  if (parsed.empty()) return help_on(parser, "");
  result.command = find_command(parsed.front()->get_name())->command;
  if (result.command == Command::help) return help_on(parser, parser.raw.topic);
  if (result.command == Command::tail) result.view.follow = true;
  if (auto done = check_flags(parser.raw, result); !done) return fail(std::move(done).error());
  return std::move(result);
}

}  // namespace

Result<Arguments> parse_arguments(const std::vector<std::string>& arguments) {
  Parser parser;
  std::vector<std::string> reversed;  // as the library wants them
  for (const auto& argument : arguments) {
    // The library knows the value of a bare flag only in the long form.
    reversed.push_back(argument.starts_with("-t=") ? "--timestamps" + argument.substr(2)
                                                   : argument);
  }
  std::ranges::reverse(reversed);
  try {
    parser.app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    const auto parsed = parser.app.get_subcommands();
    return help_on(parser, parsed.empty() ? "" : parsed.front()->get_name());
  } catch (const CLI::ParseError& error) {
    return fail(parse_error(parser.app, error));
  }
  return finish(parser);
}

std::vector<CommandInfo> commands() {
  const Parser parser;
  std::vector<CommandInfo> result;
  for (const auto& row : command_table()) {
    if (!*row.group) continue;
    CommandInfo info{.name = row.name, .purpose = row.purpose, .flags = {}};
    for (const auto* option : parser.app.get_subcommand(row.name)->get_options()) {
      for (const auto& name : option->get_lnames()) info.flags.push_back("--" + name);
    }
    result.push_back(std::move(info));
  }
  return result;
}

}  // namespace logboom::ui::cli
