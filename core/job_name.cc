// job_of_command(): see run_event.h.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/run_event.h"

namespace logboom {
namespace {

// Programs that run another: which of their options take a value, which give a command as text,
// and how many operands stand before the command.
struct Launcher {
  std::string_view name;
  std::string_view with_value;  // letters; and long ones, with their dashes, each in spaces
  char command_text = 0;        // sh -c 'COMMAND'
  int operands = 0;
};
constexpr Launcher kLaunchers[] = {
    {"bash", "oO", 'c'},
    {"busybox", ""},
    {"chronic", ""},
    {"command", ""},
    {"dash", "o", 'c'},
    {"env", "uCS --unset --chdir "},
    {"exec", "a"},
    {"flock", "wE --timeout --wait ", 'c', 1},
    {"ionice", "cnpPu --class --classdata "},
    {"java", "p -cp -classpath --class-path --module-path "},
    {"ksh", "o", 'c'},
    {"lua", "el"},
    {"mono", ""},
    {"nice", "n --adjustment "},
    {"node", "r --require --import "},
    {"nodejs", "r --require --import "},
    {"nohup", ""},
    {"perl", "IMm"},
    {"php", "dcf"},
    {"pypy3", "WX"},
    {"python", "WX"},
    {"Rscript", ""},
    {"ruby", "IrC"},
    {"runuser", "ugG --user --group ", 'c', 1},
    {"setsid", ""},
    {"sh", "o", 'c'},
    {"stdbuf", "ioe --input --output --error "},
    {"su", "gGs --shell --group ", 'c', 1},
    {"sudo", "ugpCDhRrtT --user --group --chdir "},
    {"time", "fo"},
    {"timeout", "ks --signal --kill-after ", 0, 1},
    {"xvfb-run", "efnps --server-args --server-num "},
    {"zsh", "o", 'c'},
};

// What only prepares, and the words of the shell around commands.
constexpr std::string_view kPreparing[] = {
    "cd",   "export", ".", "source", "umask",  "sleep", "test", "[",    "[[", "set", "read",
    "wait", "true",   ":", "trap",   "ulimit", "for",   "case", "esac", "fi", "done"};
constexpr std::string_view kKeywords[] = {"if",    "then",  "else", "elif", "do",
                                          "while", "until", "!",    "{",    "}"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

const Launcher* find_launcher(std::string_view name) {
  if (name.starts_with("python2") || name.starts_with("python3")) name = "python";
  if (name.starts_with("ruby2") || name.starts_with("ruby3")) name = "ruby";
  for (const auto& launcher : kLaunchers) {
    if (launcher.name == name) return &launcher;
  }
  return nullptr;
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

// Whether the option's value is the next word.
bool takes_next(const Launcher& launcher, std::string_view option) {
  if (option.starts_with("--") || option.size() > 2) {
    return option.size() > 1 &&
           (" " + std::string(launcher.with_value)).find(" " + std::string(option) + " ") !=
               std::string::npos;
  }
  const auto letters = launcher.with_value.substr(0, launcher.with_value.find(' '));
  return option.size() == 2 && option[1] != '-' && letters.find(option[1]) != letters.npos;
}

std::string first_command(std::string_view line, int depth);

// What a simple command runs, or "" if it only prepares (cd, export, ...).
std::string what_runs(const Words& words, int depth) {
  const Launcher* launcher = nullptr;
  int operands = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.starts_with('>') || word.starts_with('<') || word.starts_with("2>")) break;
    if (is_assignment(word) || (!launcher && is_one_of(word, kKeywords))) continue;
    if (word.starts_with('-') && launcher) {
      const bool next = i + 1 < words.size();
      if (word == "-m" && next && launcher->name.starts_with("py")) return words[i + 1];
      if (launcher->name == "python" && word == "-c") return "python";
      if (launcher->command_text != 0 && word.size() > 1 && !word.starts_with("--") &&
          word.back() == launcher->command_text && next) {
        return first_command(words[i + 1], depth + 1);
      }
      if (takes_next(*launcher, word)) ++i;
      continue;
    }
    const auto name = base_name(word);
    if (name.empty() || word.starts_with('-')) continue;
    if (!launcher && is_one_of(name, kPreparing)) return {};
    if (operands > 0) {
      --operands;
      continue;
    }
    if (const auto* found = find_launcher(name)) {
      launcher = found;
      operands = found->operands;
      continue;
    }
    return std::string(name);
  }
  return launcher ? std::string(launcher->name) : std::string();
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

// What stands after the last "#job:" of the command.
std::string named(std::string_view command) {
  const auto mark = command.rfind("#job:");
  if (mark == std::string_view::npos) return {};
  auto rest = command.substr(mark + 5);
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find_first_of(" \t\n")));
}

constexpr int kMaxNesting = 4;  // of commands inside commands

// The first simple command of a line that does more than prepare.
std::string first_command(std::string_view line, int depth) {
  if (depth > kMaxNesting) return {};
  for (const auto& words : simple_commands(line)) {
    if (auto name = what_runs(words, depth); !name.empty()) return name;
  }
  return {};
}

}  // namespace

std::string job_of_command(std::string_view command) {
  if (auto name = named(command); !name.empty()) return cleaned(name);
  if (auto name = cleaned(first_command(command, 0)); !name.empty()) return name;
  // Nothing but preparation: its first word.
  for (const auto& words : simple_commands(command)) {
    if (words.empty()) continue;
    if (auto name = cleaned(base_name(words.front())); !name.empty()) return name;
  }
  return "command";
}

}  // namespace logboom
