#include "collector/conmon.h"

#include <dirent.h>
#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

constexpr std::size_t kMaxArguments = 128 * 1024, kMaxConfig = 4 << 20;

std::string read_text(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  std::string text;
  std::array<char, 8192> bytes;
  while (file.open() && text.size() < most) {
    const auto got = ::read(file.get(), bytes.data(), bytes.size());
    if (got <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<Conmon> parse_conmon(std::string_view arguments) {
  std::vector<std::string_view> words;
  while (!arguments.empty()) {
    const auto end = std::min(arguments.find('\0'), arguments.size());
    words.push_back(arguments.substr(0, end));
    arguments.remove_prefix(std::min(end + 1, arguments.size()));
  }
  Conmon conmon;
  const auto value = [&](std::size_t& i, std::string_view brief, std::string_view flag,
                         std::string& to) {
    if (!flag.empty() && words[i].starts_with(flag) &&
        words[i].substr(flag.size()).starts_with('=')) {
      to = words[i].substr(flag.size() + 1);
    } else if ((words[i] == flag || words[i] == brief) && i + 1 < words.size()) {
      to = words[++i];
    } else {
      return false;
    }
    return true;
  };
  std::string log, persist, passed_on;
  for (std::size_t i = 1; i < words.size(); ++i) {
    // What belongs to the runtime and to the command after the end may look like our flags.
    if (value(i, "", "--exit-command-arg", passed_on) || value(i, "", "--runtime-arg", passed_on)) {
      continue;
    }
    if (value(i, "-l", "--log-path", log)) {
      if (const auto colon = log.find(':'); colon != std::string::npos && colon < log.find('/')) {
        if (!log.starts_with("k8s-file:") && !log.starts_with("json-file:")) continue;
        log.erase(0, colon + 1);
      }
      if (log.starts_with('/')) conmon.log = log;
      continue;
    }
    (void)(value(i, "-c", "--cid", conmon.container) ||
           value(i, "-p", "--container-pidfile", conmon.pid_file) ||
           value(i, "-b", "--bundle", conmon.bundle) ||
           value(i, "", "--exit-dir", conmon.exit_directory) ||
           value(i, "", "--persist-dir", persist));
  }
  if (conmon.container.empty() || conmon.log.empty()) return std::nullopt;
  for (const auto& directory : {persist, conmon.bundle}) {
    if (!directory.empty()) conmon.oom_directories.push_back(directory);
  }
  return conmon;
}

std::vector<Conmon> find_conmons(const std::string& proc) {
  std::vector<Conmon> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(proc.c_str()), &::closedir);
  std::size_t count = 0;
  while (names && count++ < kMaxProcesses) {
    const auto* entry = ::readdir(names.get());
    if (entry == nullptr) break;
    const auto pid = number(entry->d_name);
    if (!pid) continue;
    const auto directory = proc + "/" + entry->d_name;
    if (read_text(directory + "/comm", 64) != "conmon\n") continue;
    auto conmon = parse_conmon(read_text(directory + "/cmdline", kMaxArguments));
    if (!conmon) continue;
    // conmon forks once before it settles: the two say the same.
    if (std::ranges::find(found, conmon->container, &Conmon::container) != found.end()) continue;
    conmon->pid = *pid;
    found.push_back(*std::move(conmon));
  }
  return found;
}

bool conmon_lives(const Conmon& conmon, const std::string& proc) {
  const auto directory = proc + "/" + std::to_string(conmon.pid);
  if (read_text(directory + "/comm", 64) != "conmon\n") return false;
  const auto now = parse_conmon(read_text(directory + "/cmdline", kMaxArguments));
  return now && now->container == conmon.container;
}

int read_pid(const std::string& pid_file) { return number(read_text(pid_file, 64)).value_or(0); }

std::optional<int> read_exit_code(const std::string& exit_file) {
  return number(read_text(exit_file, 64));
}

std::string command_of_bundle(const std::string& bundle) {
  const auto text = read_text(bundle + "/config.json", kMaxConfig);
  simdjson::dom::parser parser;
  simdjson::dom::array arguments;
  if (text.size() >= kMaxConfig ||
      parser.parse(text)["process"]["args"].get(arguments) != simdjson::SUCCESS) {
    return {};
  }
  std::string command;
  for (const auto argument : arguments) {
    std::string_view word;
    if (argument.get(word) != simdjson::SUCCESS) continue;
    if (!command.empty()) command += ' ';
    const bool plain =
        !word.empty() && word.find_first_of(" \t\n'\"\\$`&|;<>()*?") == std::string_view::npos;
    if (plain) {
      command += word;
      continue;
    }
    command += '\'';
    for (const char c : word) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += '\'';
  }
  return command;
}

}  // namespace logboom::collector
