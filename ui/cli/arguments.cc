#include "ui/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>

#include "core/options.h"

namespace logboom::ui::cli {
namespace {

struct CommandRow {
  const char* name;
  Command command;
  const char* group;  // of the overview; empty: not shown
  const char* usage;
  const char* purpose;
  const char* examples;
};

constexpr auto kCommands = std::to_array<CommandRow>({
    {"tail", Command::tail, "Read", "[JOB|GLOB...]", "Follow lines as they are written",
     "  logs tail                           everything your tool writes\n"
     "  logs tail daily-report              one job\n"
     "  logs tail 'web-*' -l warn+          several, warnings and worse\n"
     "  logs tail -S 10m -o jsonl           from ten minutes ago, for a program\n"},
    {"show", Command::show, "Read", "[JOB|GLOB...]", "Show the newest lines",
     "  logs show daily-report              the last 200 lines\n"
     "  logs show daily-report -S today     since midnight, at most 200 lines\n"
     "  logs show -n all -S 2h > log.txt    every line of two hours\n"
     "  logs show -g 'Traceback|Error' -v Retry\n"},
    {"search", Command::search, "Read", "TEXT [JOB|GLOB...]",
     "Find lines by words, phrases or LogQL",
     "  logs search timeout                 the word, in any case, anywhere\n"
     "  logs search 'timeout -retry'        with one word, without the other\n"
     "  logs search '\"connection reset\"' web -C 3\n"
     "                                      a phrase, in one job, three lines around\n"
     "  logs search '{job=\"web\"} |= \"500\"' --count\n"},
    {"send", Command::send, "Write", "", "Send standard input as log lines",
     "  ./report.sh 2>&1 | logs send --job daily-report\n"
     "  echo hello | logs send\n"},
    {"login", Command::login, "Set up", "[URL]", "Check a server and remember it",
     "  logs login https://logs.example.org\n"
     "  logs login https://logs.example.org --tool mytool --with-token < token.txt\n"},
    {"logout", Command::logout, "Set up", "", "Forget the server's token", "  logs logout\n"},
    {"whoami", Command::whoami, "Set up", "", "Show the server and tool that are used",
     "  logs whoami\n"},
    {"completion", Command::completion, "Set up", "bash|zsh|fish", "Print a completion script",
     "  source <(logs completion bash)\n"
     "  logs completion fish > ~/.config/fish/completions/logs.fish\n"},
    {"version", Command::version, "Set up", "", "Print the version", "  logs version\n"},
    {"help", Command::help, "Set up", "[COMMAND]", "Explain a command", "  logs help search\n"},
    {"__jobs", Command::list_jobs, "", "", "List the tool's jobs", ""},
});

// Of the commands that read.
constexpr const char* kEpilogue =
    "\nTimes are 2h, '3 days ago', today, yesterday, 14:05, 2026-01-31 or RFC 3339.\n"
    "Exit status: 0 fine, 1 error, 2 wrong usage, 3 nothing found (with --fail-empty),\n"
    "4 not let in, 5 no such job, 6 limit reached, 7 server unreachable, 130 interrupted.\n";

// The texts of flags before they are checked.
struct Raw {
  std::string lines = "200", times = "short", level, format = "text", fields;
  std::vector<std::string> labels;
  std::size_t context = 0;
  bool no_colour = false;
  std::string topic;  // of help
};

const CommandRow* find_command(std::string_view name) {
  const auto found = std::ranges::find(kCommands, name, &CommandRow::name);
  return found == kCommands.end() ? nullptr : &*found;
}

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

void add_selection_flags(CLI::App& app, View& view, Raw& raw) {
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

void add_output_flags(CLI::App& app, View& view, Raw& raw) {
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

void add_view_flags(CLI::App& app, const CommandRow& row, Arguments& result, Raw& raw) {
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

void add_send_flags(CLI::App& app, Arguments& result, Raw& raw) {
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

CLI::App& add_command(CLI::App& app, const CommandRow& row, Arguments& result, Raw& raw) {
  auto& sub = *app.add_subcommand(row.name, row.purpose);
  switch (row.command) {
    case Command::tail:
    case Command::show:
    case Command::search:
      add_view_flags(sub, row, result, raw);
      break;
    case Command::send:
      add_send_flags(sub, result, raw);
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
  if (row.command != Command::help && row.command != Command::completion &&
      row.command != Command::version) {
    add_connection_flags(sub, result);
  }
  sub.set_help_flag("-h,--help", "This text");
  return sub;
}

struct Parser {
  CLI::App app;
  Arguments result;
  Raw raw;
  bool version = false;

  Parser() {
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.set_help_flag("-h,--help", "This text");
    app.add_flag("--version", version, "Print the version");
    add_connection_flags(app, result);
    for (const auto& row : kCommands) add_command(app, row, result, raw);
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
  const bool reads = std::string_view(row.group) == "Read";
  return std::string("logs ") + row.name + ": " + row.purpose + "\n\nUsage: logs " + row.name +
         usage + " [flags]\n\nExamples:\n" + row.examples + flags_help(app) +
         (reads ? kEpilogue : "");
}

std::string overview() {
  std::string out = "logs: read and write the logs of your tools\n\nUsage: logs COMMAND [flags]\n";
  std::string group;
  for (const auto& row : kCommands) {
    if (!*row.group) continue;
    if (group != row.group) out += "\n" + std::string(row.group) + ":\n";
    group = row.group;
    std::string name = "  " + std::string(row.name);
    name.resize(14, ' ');
    out += name + row.purpose + "\n";
  }
  return out +
         "\nStart here:\n"
         "  echo hello | logs send              your first line\n"
         "  logs tail                           watch lines come in\n"
         "  logs search timeout                 find a word, whenever it was\n"
         "\n`logs help COMMAND` shows a command's flags and examples.\n";
}

Result<void> read_lines(const Raw& raw, View& view) {
  if (raw.lines == "all") {
    view.lines.reset();
    return {};
  }
  std::size_t count = 0;
  const char* end = raw.lines.data() + raw.lines.size();
  const auto [stop, error] = std::from_chars(raw.lines.data(), end, count);
  if (error != std::errc() || stop != end) {
    return fail(Errc::invalid, "--lines: '" + raw.lines + "' is no number of lines; or `all`");
  }
  view.lines = count;
  return {};
}

Result<void> read_level(const Raw& raw, View& view) {
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

Result<void> read_fields(const Raw& raw, View& view) {
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

Result<void> read_view(const Raw& raw, View& view) {
  if (auto done = read_lines(raw, view); !done) return done;
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

Result<void> read_send(const Raw& raw, Arguments::Send& send) {
  for (const auto& text : raw.labels) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || !valid_label_name(text.substr(0, equals))) {
      return fail(Errc::invalid, "--label: '" + text + "' is no NAME=VALUE, such as env=test");
    }
    send.labels.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return {};
}

Error unknown_command(const std::string& word) {
  std::vector<std::string> known;
  for (const auto& row : kCommands) {
    if (*row.group) known.emplace_back(row.name);
  }
  const auto near = nearest(word, known);
  return {Errc::invalid,
          "unknown command '" + word + "'" +
              (near.empty() ? "; `logs help` lists them" : "; did you mean '" + near + "'?")};
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
    result.text = overview();
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
  if (auto done = read_view(parser.raw, result.view); !done) return fail(std::move(done).error());
  if (auto done = read_send(parser.raw, result.send); !done) return fail(std::move(done).error());
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
  for (const auto& row : kCommands) {
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
