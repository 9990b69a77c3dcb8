// find(): see findings.h.
#include <algorithm>
#include <unordered_map>

#include "query/why/findings.h"
#include "query/why/rules.h"
#include "query/why/tape.h"
#include "query/why/traces.h"

namespace logboom::query::why {
namespace {

constexpr int kMistake = 86;   // an error the language itself raises: a mistake in the program
constexpr int kGeneric = 74;   // RuntimeError and the like, with any words
constexpr int kOwn = 62;       // a type of the program's own: often a summary of what came before
constexpr int kSpecific = 60;  // from here on a rule's words beat "an exception"
constexpr int kOther = 50;     // a second meaning of the same words
constexpr std::size_t kAlike = 100;  // lines of one kind that are looked at

bool any_of(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return text.find(part) != text.npos; });
}

int strength_of(const TraceHead& head) {
  constexpr std::string_view kMistakes[] = {"KeyError",
                                            "TypeError",
                                            "AttributeError",
                                            "IndexError",
                                            "NameError",
                                            "UnboundLocalError",
                                            "ZeroDivisionError",
                                            "RecursionError",
                                            "ReferenceError",
                                            "RangeError",
                                            "NoMethodError",
                                            "ArgumentError",
                                            "ArgumentCountError",
                                            "DivisionByZeroError",
                                            "StopIteration",
                                            "ValueError",
                                            "LookupError",
                                            "OverflowError",
                                            "FrozenError",
                                            "FloatDomainError",
                                            "UnicodeError",
                                            "panic",
                                            "NoMatchingPatternError",
                                            "FunctionClauseError",
                                            "MatchError",
                                            "ArithmeticError",
                                            "CastError",
                                            "BadMapError",
                                            "InvalidOperationException",
                                            "InvalidCastException"};
  constexpr std::string_view kGenerics[] = {"RuntimeError",
                                            "Exception",
                                            "Error",
                                            "RuntimeException",
                                            "SystemExit",
                                            "OSError",
                                            "StandardError",
                                            "ErrorException",
                                            "NotImplementedError",
                                            "AggregateError",
                                            ""};
  if (std::ranges::find(kMistakes, head.exception) != std::end(kMistakes)) return kMistake;
  if (std::ranges::find(kGenerics, head.exception) != std::end(kGenerics)) return kGeneric;
  constexpr std::string_view kHomes[] = {"java.lang.", "java.util.", "System.", "std::", "kotlin."};
  for (const auto home : kHomes) {
    if (!head.exception.starts_with(home)) continue;
    return any_of(head.exception, {"RuntimeException", "java.lang.Exception", "IllegalState",
                                   "runtime_error", "AggregateException"})
               ? kGeneric
               : kMistake;
  }
  return kOwn;
}

// What the lines of a trace say beside the words of its error.
struct Surroundings {
  bool starts_process = false, starts_thread = false, locks = false, environment = false,
       parses_json = false;
};

class TraceReader {
 public:
  TraceReader(const Prepared& log, const Trace& trace) : log_(log), trace_(trace) {
    for (const auto line : trace.lines) look(log.clean[line]);
    for (const auto& head : trace.heads) meanings_.push_back(meaning_of(head));
    from_properties();
  }

  void write(std::vector<Finding>& findings) const {
    const auto root = choose();
    const auto& head = trace_.heads[root];
    const auto& meaning = meanings_[root];
    const bool specific = !meaning.cause.empty();
    Finding finding{.line = head.line, .first = trace_.first, .last = trace_.last};
    finding.trace = true;
    finding.cause = specific ? meaning.cause : "code/exception";
    finding.strength = specific ? std::min(meaning.strength + 2, 97) : strength_of(head);
    finding.slots = meaning.slots;
    set_slot(finding.slots, "exception", head.exception);
    finding.frame = head.frame;
    for (std::size_t i = 0; i < meanings_.size(); ++i) {
      if (i == root || meanings_[i].cause != meaning.cause) continue;
      for (const auto& [name, value] : meanings_[i].slots) set_slot(finding.slots, name, value);
      // A direct wrapper knows the place in the program.
      if (finding.frame.empty()) finding.frame = trace_.heads[i].frame;
    }
    findings.push_back(std::move(finding));
    for (std::size_t i = 0; i < trace_.heads.size(); ++i) {
      if (i == root || trace_.heads[i].line <= head.line) continue;
      Finding wrapper{.line = trace_.heads[i].line, .first = trace_.first, .last = trace_.last};
      wrapper.consequence = true;
      wrapper.trace = true;
      findings.push_back(std::move(wrapper));
    }
  }

 private:
  void look(std::string_view text) {
    around_.starts_process |= any_of(text, {"_execute_child", "ProcessBuilder.start", "os/exec",
                                            "Process.Start", "child_process", "_fork_exec",
                                            "posix_spawn", "in `spawn'", "in ``'", "in `system'"});
    around_.starts_thread |=
        any_of(text, {"start_new_thread", "_fork_exec", "os.fork", "Thread.start", "pthread_create",
                      "in `fork'", "popen_fork"});
    around_.locks |= any_of(text, {"flock(", "lockf(", "FileLock", ".lock("});
    around_.environment |=
        any_of(text, {"os.environ[", "ENV.fetch", "System.getenv", "<frozen os>"});
    around_.parses_json |= any_of(text, {"JSON.parse", "JSON::", "json_decode"});
  }

  [[nodiscard]] Meaning meaning_of(const TraceHead& head) const {
    auto meanings = meanings_of(log_.clean[head.line]);
    Meaning best;
    for (auto& meaning : meanings.causes) {
      // "an uncaught error" says no more than that there is a trace.
      if (meaning.strength < kSpecific || meaning.cause == "code/exception") continue;
      best = std::move(meaning);
      break;
    }
    in_context(head, best);
    return best;
  }

  void in_context(const TraceHead& head, Meaning& meaning) const {
    const auto text = log_.clean[head.line];
    const auto become = [&](std::string_view cause, int strength) {
      meaning.cause = cause;
      meaning.strength = strength;
    };
    const auto rename = [&](std::string_view from, std::string_view to) {
      const auto value = std::string(slot(meaning.slots, from));
      std::erase_if(meaning.slots, [&](const auto& s) { return s.first == from; });
      set_slot(meaning.slots, to, value);
    };
    if (meaning.cause == "script/file_missing" && around_.starts_process) {
      become("script/command_not_found", 91);
      rename("file", "command");
    } else if (meaning.cause == "script/permission" && around_.starts_process) {
      become("platform/exec_denied", 90);
    } else if (any_of(text, {"Resource temporarily unavailable", "EAGAIN"})) {
      if (around_.locks) {
        become("data/lock_conflict", 92);
      } else if (around_.starts_thread || around_.starts_process) {
        become("resource/pid_limit", 93);
      }
    } else if (around_.environment && meaning.cause.empty() &&
               any_of(head.exception, {"KeyError"})) {
      become("platform/env", 91);
      set_slot(meaning.slots, "variable", quoted(head.message));
    } else if (around_.parses_json && head.exception == "SyntaxError") {
      become("data/input_format", 92);
    }
  }

  static std::string_view quoted(std::string_view text) {
    const auto open = text.find_first_of("'\"");
    const auto close = text.find_last_of("'\"");
    return close > open && open != text.npos ? text.substr(open + 1, close - open - 1)
                                             : std::string_view();
  }

  // JavaScript prints an error's properties below its frames: code: 'ECONNREFUSED', port: 5432.
  void from_properties() {
    if (trace_.language != "javascript") return;
    for (const auto line : trace_.lines) {
      const auto text = trimmed(log_.clean[line]);
      if (text.starts_with("at ") || text.find(": ") == text.npos || line <= trace_.heads[0].line) {
        continue;
      }
      auto& meaning = meanings_.back();
      if (meaning.cause.empty() && text.starts_with("code: ")) {
        for (auto& other : meanings_of(text).causes) {
          if (other.strength < 80) continue;
          meaning = std::move(other);
          break;
        }
      }
      if (!meaning.cause.starts_with("external/")) continue;
      const auto value = text.substr(text.find(": ") + 2);
      const auto bare = value.substr(0, value.find(','));
      if (text.starts_with("port: ")) set_slot(meaning.slots, "port", bare);
      if (text.starts_with("hostname: ") || text.starts_with("address: ")) {
        set_slot(meaning.slots, "host", quoted(bare));
      }
    }
  }

  // The head that is the cause of the others.
  [[nodiscard]] std::size_t choose() const {
    int most = 0;
    for (const auto& meaning : meanings_) most = std::max(most, meaning.strength);
    const auto n = trace_.heads.size();
    // Printed from the inside out (Python), or from the outside in (the others)?
    const bool inwards = std::ranges::any_of(
        trace_.heads, [](const auto& head) { return head.link == Link::cause; });
    if (most > 0) {
      constexpr int kMuchWeaker = 15;
      for (std::size_t k = 0; k < n; ++k) {
        const auto i = inwards ? n - 1 - k : k;
        if (meanings_[i].strength > 0 && meanings_[i].strength + kMuchWeaker >= most) return i;
      }
    }
    if (inwards) return n - 1;
    auto root = n - 1;
    while (root > 0 && trace_.heads[root].link == Link::direct) --root;
    // While a mistake was handled, the program raised an error of its own.
    if (strength_of(trace_.heads[root]) < kMistake) {
      for (auto i = root; i-- > 0;) {
        if (strength_of(trace_.heads[i]) >= kMistake) return i;
      }
    }
    return root;
  }

  const Prepared& log_;
  const Trace& trace_;
  Surroundings around_;
  std::vector<Meaning> meanings_;
};

void read_line(const Prepared& log, std::uint32_t i, std::vector<Finding>& findings) {
  auto meanings = meanings_of(log.clean[i]);
  // The words of a cause tell more than those of a consequence, unless they hardly mean it.
  const auto least = meanings.consequence ? kSpecific : 1;
  bool first = true;
  for (auto& meaning : meanings.causes) {
    if (meaning.strength < least || (!first && meaning.strength < kOther)) continue;
    Finding finding{.line = i, .first = i, .last = i};
    finding.cause = meaning.cause;
    finding.strength = meaning.strength;
    finding.slots = std::move(meaning.slots);
    findings.push_back(std::move(finding));
    first = false;
  }
  if (!first || !meanings.consequence) return;
  Finding finding{.line = i, .first = i, .last = i};
  finding.consequence = true;
  if (!meanings.causes.empty()) {
    finding.cause = meanings.causes.front().cause;
    finding.strength = meanings.causes.front().strength;
  }
  findings.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> find(const Prepared& log) {
  std::vector<Finding> findings;
  std::vector<bool> taken(log.size());
  for (const auto& trace : find_traces(log)) {
    for (const auto line : trace.lines) taken[line] = true;
    TraceReader(log, trace).write(findings);
  }
  std::unordered_map<std::uint64_t, std::size_t> alike;
  for (std::uint32_t i = 0; i < log.size(); ++i) {
    if (taken[i] || log.blank(i) || ++alike[log.hash[i]] > kAlike) continue;
    read_line(log, i, findings);
  }
  std::ranges::stable_sort(findings, {}, &Finding::line);
  return findings;
}

}  // namespace logboom::query::why
