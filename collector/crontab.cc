#include "collector/crontab.h"

#include <algorithm>

#include "core/cron_schedule.h"
#include "core/run_event.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kSeparators = ";&|";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

std::string_view take_word(std::string_view& text) {
  const auto word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  skip_blanks(text);
  return word;
}

std::string_view unquoted(std::string_view text) {
  while (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                      (text.front() == '"' || text.front() == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// NAME = value; the name may be quoted.
bool is_setting(std::string_view line, std::string_view& name, std::string_view& value) {
  if (line.starts_with('"') || line.starts_with('\'')) {
    const auto end = line.find(line.front(), 1);
    if (end == std::string_view::npos) return false;
    name = line.substr(1, end - 1);
    line.remove_prefix(end + 1);
  } else {
    name = line.substr(0, line.find_first_of(" \t="));
    line.remove_prefix(name.size());
  }
  skip_blanks(line);
  if (name.empty() || !line.starts_with('=')) return false;
  line.remove_prefix(1);
  skip_blanks(line);
  value = unquoted(line);
  return true;
}

std::string command_of(std::string_view text) {
  std::string command;
  for (std::size_t i = 0; i < text.size() && text[i] != '%'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') ++i;
    command += text[i];
  }
  return command;
}

std::string schedule_of(std::string_view& line) {
  std::string schedule(take_word(line));
  if (schedule.starts_with('@')) return schedule;
  for (int field = 1; field < 5; ++field) {
    const auto word = take_word(line);
    if (!word.empty()) schedule.append(" ").append(word);
  }
  return schedule;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The words of one simple command, quotes taken off; `rest` is what follows each.
struct Word {
  std::string text;
  std::string_view rest;
};

Word next_word(std::string_view line) {
  Word word;
  char quote = 0;
  std::size_t i = 0;
  for (; i < line.size(); ++i) {
    const char c = line[i];
    const bool ends =
        kBlanks.find(c) != std::string_view::npos || kSeparators.find(c) != std::string_view::npos;
    if (quote == 0 && ends) break;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word.text += line[++i];
    } else {
      word.text += c;
    }
  }
  word.rest = line.substr(i);
  return word;
}

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (skip_blanks(line); !line.empty() && kSeparators.find(line.front()) == std::string_view::npos;
       skip_blanks(line)) {
    words.push_back(next_word(line));
    line = words.back().rest;
  }
  return words;
}

// What `run FLAGS [--] CMD` says after the word `logs`.
std::optional<ExpectedRun> of_run_flags(std::string_view after_logs) {
  const auto words = words_of(after_logs);
  if (words.size() < 2 || words.front().text != "run") return std::nullopt;
  ExpectedRun run;
  std::size_t i = 1;
  for (; i < words.size() && words[i].text.starts_with('-') && words[i].text != "--"; ++i) {
    const auto flag = words[i].text;
    const auto equals = flag.find('=');
    std::string value;
    if (equals != std::string::npos) {
      value = flag.substr(equals + 1);
    } else if (i + 1 < words.size()) {
      value = words[++i].text;
    }
    const auto name = flag.substr(0, equals);
    if (name == "--job") run.job = value;
    if (name == "--tool") run.tool = value;
  }
  if (i < words.size() && words[i].text == "--") ++i;
  if (i >= words.size()) return std::nullopt;
  if (run.job.empty()) run.job = job_of_command(words[i - 1].rest);
  return run;
}

// `logs run` where a command begins: at the start, or behind ; & |, or a NAME=value.
std::optional<ExpectedRun> of_logs_run(std::string_view command) {
  while (!command.empty()) {
    const auto words = words_of(command);
    std::string tool;
    for (const auto& word : words) {
      if (word.text.starts_with("LOGS_TOOL=")) tool = word.text.substr(10);
      if (base_name(word.text) == "logs") {
        auto run = of_run_flags(word.rest);
        if (run && run->tool.empty()) run->tool = tool;
        if (run) return run;
      }
      if (word.text.find('=') == std::string::npos) break;
    }
    if (!words.empty()) command = words.back().rest;
    command.remove_prefix(std::min(command.find_first_not_of(" \t;&|"), command.size()));
  }
  return std::nullopt;
}

}  // namespace

Crontab parse_crontab(std::string_view text, std::string_view owner) {
  Crontab table;
  std::string shell = "/bin/sh", tool;
  if (text.size() > kMaxCrontab) {
    table.bad.emplace_back(0, "longer than 1 MiB: only its start is read");
    const auto end = text.rfind('\n', kMaxCrontab);
    text = text.substr(0, end == std::string_view::npos ? 0 : end);
  }
  for (int number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    skip_blanks(line);
    if (line.empty() || line.starts_with('#')) continue;
    std::string_view name, value;
    if (is_setting(line, name, value)) {
      if (name == "SHELL") shell = value;
      if (name == "LOGS_TOOL") tool = value;
      continue;
    }
    CronEntry entry{number, schedule_of(line), std::string(owner), {}, shell, tool};
    if (auto schedule = CronSchedule::parse(entry.schedule); !schedule) {
      table.bad.emplace_back(number, schedule.error().message);
      continue;
    }
    if (owner.empty()) entry.user = take_word(line);
    entry.command = command_of(line);
    if (entry.user.empty() || entry.command.empty()) {
      table.bad.emplace_back(number, entry.user.empty() ? "no user" : "no command");
    } else if (table.entries.size() >= kMaxEntries) {
      table.bad.emplace_back(number, "too many entries: those from here on are left out");
      break;
    } else {
      table.entries.push_back(std::move(entry));
    }
  }
  return table;
}

std::optional<ExpectedRun> expected_run(const CronEntry& entry) {
  const bool shell = entry.shell.ends_with("logs-sh");
  // `logs-sh` leaves it to a `logs run` that begins the command, and wraps everything else whole.
  const auto words = words_of(entry.command);
  if (!shell || (!words.empty() && base_name(words.front().text) == "logs")) {
    if (auto run = of_logs_run(entry.command)) {
      if (run->tool.empty()) run->tool = entry.tool;
      return run;
    }
  }
  if (!shell) return std::nullopt;
  return ExpectedRun{job_of_command(entry.command), entry.tool};
}

}  // namespace logboom::collector
