// job_of_command(): see run_event.h.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/run_event.h"

namespace logboom {
namespace {

// Programs whose first operand is what really runs.
constexpr std::string_view kLaunchers[] = {
    "bash",   "busybox", "chronic", "dash",    "env",      "exec",   "flock",  "ionice", "java",
    "ksh",    "lua",     "mono",    "nice",    "node",     "nodejs", "nohup",  "perl",   "php",
    "pypy3",  "python",  "python2", "python3", "Rscript",  "ruby",   "setsid", "sh",     "sudo",
    "stdbuf", "time",    "timeout", "uv",      "xvfb-run", "zsh",    "sleep",  "test",   "[",
    "cd",     "source",  ".",       "export",  "umask",    "command"};

bool is_launcher(std::string_view word) {
  return std::find(std::begin(kLaunchers), std::end(kLaunchers), word) != std::end(kLaunchers) ||
         word.starts_with("python3.") || word.starts_with("ruby3");
}

std::string_view base_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Words of one simple command, quotes taken off.
using Words = std::vector<std::string>;

// The simple commands of a line, split at ; & | and new lines outside quotes.
std::vector<Words> simple_commands(std::string_view line) {
  std::vector<Words> commands(1);
  std::string word;
  bool in_word = false;
  char quote = 0;
  const auto end_word = [&] {
    if (in_word) commands.back().push_back(std::move(word));
    word.clear();
    in_word = false;
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      word += line[++i];
      in_word = true;
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else if (c == ';' || c == '&' || c == '|' || c == '\n' || c == '(' || c == ')') {
      end_word();
      if (!commands.back().empty()) commands.emplace_back();
    } else {
      word += c;
      in_word = true;
    }
  }
  end_word();
  return commands;
}

bool is_assignment(std::string_view word) {
  const auto equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 && word.find('/') > equals;
}

bool looks_like_script(std::string_view word) {
  const auto dot = word.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  constexpr std::string_view kSuffixes[] = {".sh", ".py", ".pl",  ".php", ".rb",   ".js",  ".mjs",
                                            ".ts", ".R",  ".jar", ".lua", ".bash", ".exe", ".cjs"};
  return std::find(std::begin(kSuffixes), std::end(kSuffixes), word.substr(dot)) !=
         std::end(kSuffixes);
}

// What a simple command runs, or "" if it only prepares (cd, export, ...).
std::string what_runs(const Words& words) {
  std::string launcher;
  bool module = false;
  for (const auto& word : words) {
    if (word.starts_with('>') || word.starts_with('<') || word.starts_with("2>")) break;
    if (module) return word;
    if (is_assignment(word)) continue;
    if (word.starts_with('-')) {
      module = word == "-m" && !launcher.empty();
      continue;
    }
    const auto name = base_name(word);
    if (name.empty()) continue;
    if (launcher.empty() && (name == "cd" || name == "export" || name == "." || name == "source" ||
                             name == "umask" || name == "sleep" || name == "test" || name == "["))
      return {};
    if (is_launcher(name)) {
      launcher = name;
      continue;
    }
    const bool number = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= '0' && c <= '9') || c == '.' || c == 's' || c == 'm' || c == 'h';
    });
    if (!launcher.empty() && number) continue;  // timeout 30m, nice 10
    if (launcher == "flock" && !looks_like_script(name)) {
      launcher = "env";  // flock's lock file, then the command
      continue;
    }
    return std::string(name);
  }
  return {};
}

std::string cleaned(std::string_view name) {
  if (looks_like_script(name)) name = name.substr(0, name.rfind('.'));
  std::string result;
  for (const char c : name.substr(0, 60)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == ':';
    result += plain ? c : '-';
  }
  return result;
}

// What stands after the last "#job:" of the command's last line.
std::string named(std::string_view command) {
  const auto mark = command.rfind("#job:");
  if (mark == std::string_view::npos) return {};
  auto rest = command.substr(mark + 5);
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find_first_of(" \t\n")));
}

}  // namespace

std::string job_of_command(std::string_view command) {
  if (auto name = named(command); !name.empty()) return cleaned(name);
  for (const auto& words : simple_commands(command)) {
    if (auto name = what_runs(words); !name.empty()) {
      if (auto clean = cleaned(name); !clean.empty()) return clean;
    }
  }
  return "command";
}

}  // namespace logboom
