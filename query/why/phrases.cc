#include "query/why/phrases.h"

#include <algorithm>
#include <cctype>

namespace logboom::query::why {
namespace {

constexpr std::size_t kMaxWords = 160;

// {slot} is the slot's value. A part in brackets is left out where its slot is not known; where the
// phrase then says too little (`quote`), the line's own words follow.
struct Phrase {
  std::string_view cause, text;
  bool quote = false;
  std::string_view words = {};  // only where the line holds one of them: lower case, | between
};
constexpr Phrase kPhrases[] = {
    {"resource/oom_runtime", "The program ran out of memory", true},
    {"resource/oom_cgroup", "Out of memory: killed at the memory limit", true},
    {"resource/disk_full", "No space left on the disk[ for {file}]"},
    {"resource/quota", "A storage quota is used up[ (bucket {bucket})]", true},
    {"resource/file_size", "A file grew over the size limit[: {file}]"},
    {"resource/fd_limit", "Too many open files", true},
    {"resource/pid_limit", "No more processes or threads may be started", true},
    {"resource/deadline", "Its time was up (timeout)", true},
    {"resource/hang", "It hung: no progress", true},
    {"resource/error_storm", "It is flooded", true},
    {"platform/exec_not_found",
     "It could not be started: the interpreter[ {interpreter}][ of {file}] is not there"},
    {"platform/exec_denied",
     "It could not be started:[ {file}] may not be executed, or is a directory"},
    {"platform/exec_format",
     "It could not be started:[ {file}] is no program that this machine can run"},
    {"platform/env",
     "The environment is not what it needs[: {variable} is not set][: configuration {key}]", true},
    {"platform/image", "The container image could not be pulled", true},
    {"platform/scheduling", "No node has room for it", true},
    {"platform/quota", "It could not be created: over the namespace's quota", true},
    {"platform/eviction", "The node evicted it", true},
    {"platform/node", "Its node was lost", true},
    {"platform/liveness", "Its liveness probe failed", true},
    {"platform/crash_loop", "It crashes again and again", true},
    {"platform/config", "The container's configuration is wrong[: {key}]", true},
    {"platform/missed_schedule", "It did not run when it should have", true},
    {"platform/stale_nfs", "The shared file system (NFS) does not answer[: {file}]", true},
    {"script/command_not_found",
     "The command[ {command}] was not found in the PATH: not installed, or misspelt"},
    {"script/syntax", "Syntax error[ in {file}]", true},
    {"script/unset_variable", "The variable[ {variable}] is not set"},
    {"script/bad_args", "Wrong arguments on a command line[: {option}]", true},
    {"script/file_missing", "There is no file[ {file}]", true},
    {"script/permission", "Permission denied[ for {file}]", true},
    {"script/pipe_hidden", "Exit 0, but a part of it failed", true},
    {"code/exception", "Uncaught error", true},
    {"code/assertion", "A check of the program itself failed (assertion)[ in {file}]", true},
    {"code/crash_signal", "The program crashed[ with {signal}]", true},
    {"dependency/module_missing", "The module[ {module}] is not installed"},
    {"dependency/library_missing", "The shared library[ {library}] is missing"},
    {"dependency/version_conflict", "Versions do not fit together[ ({module})]", true},
    {"external/dns", "The host name[ {host}] cannot be resolved"},
    {"external/connect", "Connection refused[ by {host}][ on port {port}]: nothing listens there",
     false, "refused|nobody listens|nothing listens"},
    {"external/connect", "No answer in time[ from {host}][ on port {port}]", false,
     "timed out|timedout|timeout|time-out|deadline"},
    {"external/connect", "No way to the network[ of {host}]: unreachable", false,
     "unreachable|unreach|no route"},
    {"external/connect",
     "No connection[ to {host}][ on port {port}] (refused, timed out or unreachable)"},
    {"external/reset", "The other side[ ({host})] broke the connection"},
    {"external/tls", "TLS[ with {host}] failed: the certificate or the handshake was not accepted",
     true},
    {"external/auth",
     "The other side[ ({host})] refused the credentials[ of {user}][ (status {status})]", true},
    {"external/http_status",
     "Another service[ ({host})] answered with an error[ (status {status})]", true},
    {"external/rate_limit", "Another service says: too many requests[ (status {status})]", true},
    {"external/database", "The database failed[ (error {code})]", true},
    {"external/maxlag", "The wiki is read-only or lags", true},
    {"data/input_format", "Its input cannot be read[: {file}]", true},
    {"data/empty_input", "There is no input[ in {file}]", true},
    {"data/lock_conflict", "Another process holds what it must change[: {file}]", true},
    {"data/silent_success", "Exit 0, but it did far less than its good runs", true},
    {"control/cancelled", "Somebody ended it", true},
    {"control/overlap_skipped", "Skipped: the run before it was still alive", true},
    {"control/upstream_failed", "A job that it depends on failed[: {job}]", true},
};

std::string cut(std::string_view words) {
  while (!words.empty() && (words.front() == ' ' || words.front() == '\t')) words.remove_prefix(1);
  if (words.size() <= kMaxWords) return std::string(words);
  words = words.substr(0, kMaxWords);
  while (!words.empty() && (static_cast<unsigned char>(words.back()) & 0xc0U) == 0x80) {
    words.remove_suffix(1);
  }
  if (!words.empty() && (static_cast<unsigned char>(words.back()) & 0x80U) != 0) {
    words.remove_suffix(1);
  }
  return std::string(words) + "…";
}

bool fits(const Phrase& phrase, std::string_view line) {
  if (phrase.words.empty()) return true;
  for (auto words = phrase.words; !words.empty();) {
    const auto word = words.substr(0, words.find('|'));
    const auto same = [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    if (!std::ranges::search(line, word, same).empty()) return true;
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return false;
}

std::string filled(std::string_view text, const Slots& slots) {
  std::string result;
  while (!text.empty()) {
    const auto open = text.find('[');
    result += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = text.find(']', open);
    const auto part = text.substr(open + 1, close - open - 1);
    const auto from = part.find('{'), to = part.find('}');
    if (const auto value = slot(slots, part.substr(from + 1, to - from - 1)); !value.empty()) {
      result += part.substr(0, from);
      result += cut(value);
      result += part.substr(to + 1);
    }
    text.remove_prefix(close + 1);
  }
  return result;
}

}  // namespace

std::string quoted_words(std::string_view line) { return cut(line); }

std::string headline_of(std::string_view cause, const Slots& slots, std::string_view line) {
  const auto* const phrase = std::ranges::find_if(
      kPhrases, [&](const Phrase& one) { return one.cause == cause && fits(one, line); });
  if (phrase == std::end(kPhrases)) return cut(line.empty() ? cause : line);
  auto text = filled(phrase->text, slots);
  if (phrase->quote && !line.empty()) text += ": " + cut(line);
  return text;
}

}  // namespace logboom::query::why
