#include "collector/run/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "collector/run/hello.h"
#include "core/labels.h"
#include "core/run_event.h"

namespace logboom::collector {
namespace {

constexpr std::chrono::milliseconds kSocketWait{20};

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// As a person would type it.
std::string as_typed(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ' ';
    const bool plain =
        !word.empty() && word.find_first_of(" \t\n'\"\\$`&|;<>()*?[]#~!{}") == std::string::npos;
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

Result<void> set_flag(RunRequest& request, std::string_view name, const std::string& value) {
  if (name == "--tool") {
    request.tool = value;
    return check_tool_name(value);
  }
  if (name == "--job") {
    if (value.empty() || value.size() > kMaxJob) {
      return fail(Errc::invalid, "--job: a name of 1 to 200 bytes");
    }
    request.job = value;
  } else if (name == "--spool") {
    if (!value.starts_with('/')) {
      return fail(Errc::invalid, "--spool: '" + value + "' is not an absolute path");
    }
    request.spool = value;
  } else if (name == "--spool-limit") {
    std::uint64_t mebibytes = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mebibytes);
    if (error != std::errc{} || end != value.data() + value.size() || mebibytes > (1 << 20)) {
      return fail(Errc::invalid, "--spool-limit: '" + value + "' is no number of MiB");
    }
    request.limit_bytes = mebibytes << 20;
  } else if (name == "--timeout" && value == "0") {  // as timeout(1) has it
    request.timeout.reset();
  } else if (name == "--timeout") {
    auto limit = parse_time_limit(value);
    if (!limit) return fail(std::move(limit).error().in("--timeout"));
    request.timeout = *limit;
  } else {
    return fail(Errc::invalid, "unknown flag '" + std::string(name) +
                                   "'; flags stand before the command: `logs run --help`");
  }
  return {};
}

void fill_in(RunRequest& request) {
  if (request.job.empty()) request.job = job_of_command(request.command_text);
  if (request.tool.empty()) request.tool = variable("LOGS_TOOL");
  if (!check_tool_name(request.tool)) request.tool.clear();
  if (request.spool.empty()) request.spool = default_spool();
}

bool runs_logs_itself(std::string_view command) {
  while (command.starts_with(' ') || command.starts_with('\t')) command.remove_prefix(1);
  const auto word = command.substr(0, command.find_first_of(" \t"));
  const auto name = word.substr(word.rfind('/') + 1);
  auto rest = command.substr(word.size());
  while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
  return name == "logs" && (rest.starts_with("run ") || rest.starts_with("run\t"));
}

}  // namespace

Result<std::chrono::milliseconds> parse_time_limit(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double seconds = 0;
  if (unit.empty() || unit == "s") seconds = 1;
  if (unit == "m") seconds = 60;
  if (unit == "h") seconds = 3'600;
  if (unit == "d") seconds = 86'400;
  if (error != std::errc{} || seconds == 0 || !(number > 0) || number * seconds > 1e8) {
    return fail(Errc::invalid, "'" + std::string(text) + "' is no time; try 90s, 5m or 2h");
  }
  return std::chrono::milliseconds(
      std::max<std::int64_t>(1, static_cast<std::int64_t>(number * seconds * 1'000)));
}

Result<RunLine> parse_run_line(const std::vector<std::string>& words) {
  RunLine line;
  auto word = words.begin();
  for (; word != words.end() && word->starts_with('-'); ++word) {
    if (*word == "--") {
      ++word;
      break;
    }
    if (*word == "--help" || *word == "-h") {
      line.help = true;
      return line;
    }
    const auto equals = word->find('=');
    const auto name = word->substr(0, equals);
    std::string value;
    if (equals != std::string::npos) {
      value = word->substr(equals + 1);
    } else if (std::next(word) != words.end()) {
      value = *++word;
    } else {
      return fail(Errc::invalid, name + " needs a value");
    }
    if (auto set = set_flag(line.request, name, value); !set) return fail(std::move(set).error());
  }
  line.request.command.assign(word, words.end());
  if (line.request.command.empty()) {
    return fail(Errc::invalid, "which command? `logs run -- ./report.sh`");
  }
  line.request.command_text = as_typed(line.request.command);
  fill_in(line.request);
  return line;
}

std::optional<RunRequest> parse_shell_line(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.front() != "-c" || runs_logs_itself(words[1])) return std::nullopt;
  RunRequest request;
  request.command = {"/bin/sh"};
  request.command.insert(request.command.end(), words.begin(), words.end());
  request.command_text = words[1];
  request.trigger = "cron";
  fill_in(request);
  return request;
}

bool is_shell_name(std::string_view program) { return program.ends_with("logs-sh"); }

std::string default_spool() {
  if (auto named = variable("LOGS_SPOOL"); named.starts_with('/')) return named;
  const std::string system(kSystemSpool);
  if (::geteuid() == 0 || Hello(system, "").answer(kSocketWait)) return system;
  const auto state = variable("XDG_STATE_HOME");
  return (state.starts_with('/') ? state : variable("HOME") + "/.local/state") + "/logs/spool";
}

}  // namespace logboom::collector
