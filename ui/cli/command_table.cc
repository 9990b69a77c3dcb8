#include "ui/cli/command_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/options.h"

namespace logboom::ui::cli {
namespace {

constexpr auto kCommands = std::to_array<CommandRow>({
    {"why", Command::why, "Understand", "[[TOOL/]JOB|RUN]", "Say why a run failed, with the proof",
     "  logs why                            the job in trouble that failed last\n"
     "  logs why daily-report               the last run of a job\n"
     "  logs why mybot/daily-report         of another tool\n"
     "  logs why 7k2m9q4xw8fz               a run, by the id that mail and pages show\n"
     "  logs why --file build.log --baseline good.log --exit 2\n"
     "                                      any log file, without a server\n"
     "  make 2>&1 | logs why --file -       or what a command says\n"
     "  logs why nightly --exit-status || echo it failed\n"},
    {"runs", Command::runs, "Understand", "[[TOOL/]JOB]", "List runs, the newest first",
     "  logs runs                           of all jobs\n"
     "  logs runs daily-report -n 10        the last ten of one\n"
     "  logs runs --failed -S 7d            what went wrong in a week\n"
     "  logs runs daily-report -o jsonl     for a program\n"},
    {"health", Command::health, "Understand", "", "Say which jobs are in trouble, late or frozen",
     "  logs health                         what is wrong comes first\n"
     "  logs health --exit-status           1 when something is wrong, for a script\n"},
    {"usage", Command::usage, "Understand", "[TOOL/]JOB",
     "Show what a job's runs take: time, CPU, memory",
     "  logs usage daily-report             and how much memory to ask for\n"
     "  logs usage mybot/daily-report -o json\n"},
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
    {"run", Command::run, "Write", "[flags] [--] COMMAND...",
     "Run a command and keep what becomes of it",
     "  logs run -- ./report.sh             its lines, exit status, time and memory\n"
     "  logs run --job daily-report --timeout 2h -- python3 report.py\n"
     "  SHELL=/usr/bin/logs-sh              at the top of a crontab: every entry of it;\n"
     "                                      '#job: NAME' at an entry's end names its job\n"},
    {"send", Command::send, "Write", "", "Send standard input as log lines",
     "  ./report.sh 2>&1 | logs send --job daily-report\n"
     "  echo hello | logs send\n"},
    {"ping", Command::ping, "Write", "[TOOL/]CHECK [start|fail|log|CODE]",
     "Say that a job began, ended or failed",
     "  logs ping backup start              it begins\n"
     "  logs ping backup                    it went well\n"
     "  logs ping backup $?                 it ended with this exit code\n"
     "  ./backup.sh 2>&1 | logs ping backup fail -m -\n"
     "                                      with lines to read later\n"
     "  logs ping backup --schedule '15 3 * * *' --grace 20m\n"
     "                                      tell when it misses its time\n"},
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

}  // namespace

std::span<const CommandRow> command_table() { return kCommands; }

const CommandRow* find_command(std::string_view name) {
  const auto found = std::ranges::find(kCommands, name, &CommandRow::name);
  return found == kCommands.end() ? nullptr : &*found;
}

std::string commands_help() {
  std::string out = "logs: read and write the logs of your tools\n\nUsage: logs COMMAND [flags]\n";
  std::string group;
  for (const auto& row : command_table()) {
    if (!*row.group) continue;
    if (group != row.group) out += "\n" + std::string(row.group) + ":\n";
    group = row.group;
    std::string name = "  " + std::string(row.name);
    name.resize(14, ' ');
    out += name + row.purpose + "\n";
  }
  return out +
         "\nStart here:\n"
         "  logs run -- ./report.sh             run a command, and know why it fails\n"
         "  logs why                            what is wrong, and why\n"
         "  echo hello | logs send              your first line\n"
         "  logs tail                           watch lines come in\n"
         "  logs search timeout                 find a word, whenever it was\n"
         "\n`logs help COMMAND` shows a command's flags and examples.\n";
}

Error unknown_command(const std::string& word) {
  std::vector<std::string> known;
  for (const auto& row : command_table()) {
    if (*row.group) known.emplace_back(row.name);
  }
  const auto near = nearest(word, known);
  return {Errc::invalid,
          "unknown command '" + word + "'" +
              (near.empty() ? "; `logs help` lists them" : "; did you mean '" + near + "'?")};
}

}  // namespace logboom::ui::cli
