#include "query/why/facts.h"

#include <string.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace logboom::query::why {
namespace {

constexpr std::int64_t kLeastSilenceMs = 1'500;

std::string seconds(std::int64_t ms) {
  if (ms < 10'000)
    return std::to_string(ms / 1'000) + "." + std::to_string(ms % 1'000 / 100) + " s";
  if (ms < 120'000) return std::to_string(ms / 1'000) + " s";
  return std::to_string(ms / 60'000) + " min";
}

// The longest that good runs take, or pause; -1: not known.
std::int64_t habit(const std::vector<Sketch>& good, std::int64_t Sketch::* member) {
  std::int64_t most = -1;
  for (const auto& sketch : good) most = std::max(most, sketch.*member);
  return most;
}

struct Reason {
  std::string_view word, cause, headline;
};
// The container runtime's and Kubernetes' own words.
constexpr Reason kReasons[] = {
    {"OOMKilled", "resource/oom_cgroup", "killed at the container's memory limit"},
    {"DeadlineExceeded", "resource/deadline", "it was active longer than its deadline allows"},
    {"Evicted", "platform/eviction", "the node evicted it"},
    {"Preempted", "platform/eviction", "it had to make room for something more important"},
    {"NodeLost", "platform/node", "its node was lost"},
    {"NodeShutdown", "platform/node", "its node was shut down"},
    {"DisruptionTarget", "platform/node", "its node was drained"},
    {"ErrImagePull", "platform/image", "its image could not be pulled"},
    {"ImagePullBackOff", "platform/image", "its image could not be pulled"},
    {"InvalidImageName", "platform/image", "its image's name is wrong"},
    {"CreateContainerConfigError", "platform/config", "its container's configuration is wrong"},
    {"CreateContainerError", "platform/config", "its container could not be made"},
    {"ContainerCannotRun", "platform/config", "its container could not be started"},
    {"StartError", "platform/config", "its container could not be started"},
    {"RunContainerError", "platform/config", "its container could not be started"},
    {"CrashLoopBackOff", "platform/crash_loop", "it crashes again and again"},
    {"BackoffLimitExceeded", "platform/crash_loop", "it failed as often as it may be tried"},
    {"FailedCreate", "platform/quota", "it could not be created: over a quota"},
    {"FailedScheduling", "platform/scheduling", "no node has room for it"},
    {"Unschedulable", "platform/scheduling", "no node has room for it"},
    {"Unhealthy", "platform/liveness", "its liveness probe failed"},
    {"JobAlreadyActive", "control/overlap_skipped", "the run before it was still active"},
    {"MissSchedule", "platform/missed_schedule", "its time passed without a run"},
};

class Judge {
 public:
  explicit Judge(const Case& the_case) : case_(the_case), facts_(the_case.facts) {}

  FactVerdict run() {
    if (!facts_.end) return without_end();
    const auto& end = *facts_.end;
    exit_facts(end);
    if (reason(end) || could_not_start(end) || oom(end)) return std::move(result_);
    if (end.timed_out > 0) {
      over_time(end, "it was still writing when time was up", 96);
    } else if (const int signal = ending_signal(facts_); signal != 0) {
      by_signal(end, signal);
    } else if (end.exit_code == 124) {
      over_time(end, "ended with 124, as timeout(1) does when time is up", 78);
    } else if (end.exit_code > 0 && (end.stop_signal == SIGTERM || end.stop_signal == SIGINT)) {
      // It caught the signal and left in its own way.
      prove("signal", signal_text(static_cast<int>(end.stop_signal)) + " was sent to it before");
      by_signal(end, static_cast<int>(end.stop_signal));
    }
    return std::move(result_);
  }

 private:
  void prove(std::string kind, std::string text) {
    result_.evidence.push_back({std::move(kind), std::move(text), std::nullopt});
  }
  void conclude(std::string_view cause, int confidence, std::string headline,
                bool log_may = false) {
    result_.cause = cause;
    result_.confidence = confidence;
    result_.headline = std::move(headline);
    result_.log_may_know_better = log_may;
  }

  FactVerdict without_end() {
    if (facts_.missed) {
      result_.outcome = "missed";
      conclude("platform/missed_schedule", 97, "it did not run when it should have");
      prove("missed", "a tick of its schedule passed without a run");
    } else if (facts_.skipped) {
      result_.outcome = "skipped";
      conclude("control/overlap_skipped", 97, "skipped: the run before it was still alive");
      prove("skipped", "its time came while the run before it was still alive");
    } else if (facts_.lost) {
      result_.outcome = "lost";
      conclude("platform/never_ended", 92,
               "it never ended: what watched over it, or its node, is gone");
      prove("lost", "a start is known and no end: the wrapper was killed or the node went away");
    } else if (facts_.from_file) {
      result_.outcome = "failed";
    } else {
      result_.outcome = "running";
      result_.log_may_know_better = false;
    }
    result_.exit_class = result_.outcome;
    return std::move(result_);
  }

  void exit_facts(const RunEvent& end) {
    const int signal = ending_signal(facts_);
    if (end.timed_out > 0) {
      prove("timeout", "its time limit had passed, so it was ended (timeout)");
      result_.exit_class = "timeout";
    }
    if (end.signal > 0) {
      prove("signal", "ended by signal " + std::to_string(end.signal) + " (" +
                          signal_text(static_cast<int>(end.signal)) + ")");
      result_.exit_class += "signal" + std::to_string(end.signal);
    } else if (end.exit_code >= 0) {
      std::string text = "exit code " + std::to_string(end.exit_code);
      if (signal != 0)
        text += ", as after signal " + std::to_string(signal) + " (" + signal_text(signal) + ")";
      prove(signal != 0 ? "signal" : "exit", std::move(text));
      result_.exit_class += "exit" + std::to_string(end.exit_code);
    }
    if (end.oom_kills > 0) {
      prove("oom_kill", "the kernel killed " + std::to_string(end.oom_kills) +
                            (end.oom_kills == 1 ? " process" : " processes") +
                            " of it at the memory limit (oom_kill)");
    }
    if (end.lost_bytes > 0) {
      prove("lost", std::to_string(end.lost_bytes) + " bytes of its output could not be kept");
    }
    const bool known = end.exit_code >= 0 || end.signal > 0 || end.timed_out > 0 ||
                       end.exec_errno > 0 || end.oom_kills > 0;
    if (!known) {
      prove("end", end.message.empty() ? "nobody saw how it ended" : end.message);
      result_.outcome = "ended";
      return conclude("unknown", 0, "it is over, and nobody saw how it ended");
    }
    const bool good =
        end.exit_code <= 0 && end.signal <= 0 && end.timed_out <= 0 && end.exec_errno <= 0;
    result_.outcome = good ? "succeeded" : "failed";
  }

  bool reason(const RunEvent& end) {
    for (const auto& known : kReasons) {
      if (end.reason != known.word) continue;
      prove("reason",
            "the platform says " + end.reason + (end.message.empty() ? "" : ": " + end.message));
      if (known.cause == "resource/oom_cgroup" && end.oom_kills <= 0) {
        prove("oom_kill", "the container runtime says that it was killed out of memory (oom_kill)");
      }
      conclude(known.cause, 97, std::string(known.headline));
      if (known.cause == "control/overlap_skipped")
        result_.outcome = "skipped";
      else if (known.cause == "platform/missed_schedule")
        result_.outcome = "missed";
      else
        result_.outcome = "failed";
      return true;
    }
    return false;
  }

  bool could_not_start(const RunEvent& end) {
    if (end.exec_errno <= 0) return false;
    const auto what = facts_.start ? facts_.start->command : std::string();
    const char* const why = strerrordesc_np(static_cast<int>(end.exec_errno));
    prove("exec",
          "the command could not be started: " +
              (why != nullptr ? std::string(why) : "error " + std::to_string(end.exec_errno)));
    if (end.exec_errno == ENOENT && !end.interpreter.empty()) {
      result_.slots.emplace_back("interpreter", end.interpreter);
      conclude("platform/exec_not_found", 97,
               "the interpreter " + end.interpreter + " is not there");
    } else if (end.exec_errno == ENOENT) {
      const auto command = what.substr(0, what.find(' '));
      result_.slots.emplace_back("command", command);
      conclude("script/command_not_found", 96, "there is no command " + command);
    } else if (end.exec_errno == ENOEXEC) {
      conclude("platform/exec_format", 97, "it is no program this machine can run");
    } else if (end.exec_errno == EACCES || end.exec_errno == EISDIR || end.exec_errno == EPERM) {
      result_.slots.emplace_back("file", what.substr(0, what.find(' ')));
      conclude("platform/exec_denied", 97, "it may not be executed, or is a directory");
    } else {
      conclude("platform/exec_not_found", 80, "it could not be started");
    }
    return true;
  }

  bool oom(const RunEvent& end) {
    if (end.oom_kills <= 0) return false;
    std::string headline = "out of memory: the kernel killed ";
    const bool itself = ending_signal(facts_) == SIGKILL;
    headline += itself ? "it at the memory limit" : "a process of it at the memory limit";
    if (end.memory_limit_bytes > 0) {
      headline += " of " + std::to_string(end.memory_limit_bytes >> 20) + " MiB";
    } else if (facts_.start && facts_.start->memory_limit_bytes > 0) {
      headline += " of " + std::to_string(facts_.start->memory_limit_bytes >> 20) + " MiB";
    }
    if (!itself && end.exit_code == 0) headline += ", and it went on and exited with 0";
    conclude("resource/oom_cgroup", 98, std::move(headline));
    if (result_.outcome == "succeeded") result_.outcome = "suspect";
    result_.exit_class = "oom";
    return true;
  }

  // Silent for longer than it ever was when all went well.
  [[nodiscard]] bool fell_silent(const RunEvent& end) const {
    if (end.quiet_ms < kLeastSilenceMs) return false;
    auto usual = habit(case_.good, &Sketch::max_quiet_ms);
    if (usual < 0) usual = end.max_quiet_ms;
    if (usual >= 0)
      return end.quiet_ms / 2 > usual && (end.wall_ms < 0 || end.quiet_ms > end.wall_ms / 3);
    return end.wall_ms >= 0 && end.quiet_ms > end.wall_ms / 2;
  }

  void over_time(const RunEvent& end, std::string how, int confidence) {
    if (fell_silent(end)) {
      hang(end);
      return;
    }
    prove("deadline", std::move(how));
    conclude("resource/deadline", confidence,
             "its time was up while it was still working" +
                 (end.wall_ms >= 0 ? ", after " + seconds(end.wall_ms) : std::string()),
             false);
  }

  void hang(const RunEvent& end) {
    std::string text =
        "silent for " + seconds(end.quiet_ms) + " before the end (silence, no output)";
    const auto usual = habit(case_.good, &Sketch::max_quiet_ms);
    if (usual >= 0) text += "; its good runs pause for " + seconds(usual) + " at most";
    prove("silence", std::move(text));
    const bool busy = end.quiet_cpu_ms >= 0 && end.quiet_cpu_ms > end.quiet_ms / 2;
    if (end.quiet_cpu_ms >= 0) {
      prove("cpu", busy ? "it used the CPU all that time: an endless loop (busy)"
                        : "it used no CPU in that time: it waited");
    }
    conclude("resource/hang", 93,
             std::string(busy ? "it hung in an endless loop" : "it hung, waiting") +
                 ": no output for " + seconds(end.quiet_ms) + " until it was ended");
  }

  void by_signal(const RunEvent& end, int signal) {
    const auto name = signal_text(signal);
    switch (signal) {
      case SIGINT:
      case SIGQUIT:
        if (signal == SIGINT && fell_silent(end)) return hang(end);
        return conclude("control/cancelled", 92, "somebody ended it with " + name);
      case SIGHUP:
        return conclude("control/cancelled", 80, "its terminal went away (" + name + ")");
      case SIGXCPU:
        return conclude("resource/deadline", 95, "its CPU time was used up (" + name + ")");
      case SIGXFSZ:
        return conclude("resource/file_size", 95,
                        "a file of it grew over its limit (" + name + ")");
      case SIGTERM:
      case SIGKILL:
        return ended(end, signal);
      case SIGPIPE:
        return conclude("code/crash_signal", 55, "nobody read what it wrote (" + name + ")", true);
      case SIGABRT:
        result_.slots.emplace_back("signal", name);
        return conclude("code/crash_signal", 84, "it aborted itself (" + name + ")", true);
      case SIGSEGV:
      case SIGBUS:
      case SIGFPE:
      case SIGILL:
      case SIGTRAP:
      case SIGSYS:
        result_.slots.emplace_back("signal", name);
        return conclude("code/crash_signal", 95, "it crashed with " + name, signal == SIGTRAP);
      default:
        result_.slots.emplace_back("signal", name);
        return conclude("code/crash_signal", 60, "ended by signal " + name, true);
    }
  }

  // Somebody or something asked it to end: was it stuck, too slow, or not wanted any more?
  void ended(const RunEvent& end, int signal) {
    if (fell_silent(end)) return hang(end);
    const auto usual = habit(case_.good, &Sketch::wall_ms);
    const bool long_run = usual >= 0 && end.wall_ms / 3 * 2 > usual;
    if (long_run) {
      return over_time(end,
                       "it ran for " + seconds(end.wall_ms) + ", its good runs for " +
                           seconds(usual) + " at most",
                       85);
    }
    if (signal == SIGKILL) return killed(end);
    conclude(usual >= 0 ? "control/cancelled" : "resource/deadline", usual >= 0 ? 75 : 60,
             usual >= 0 ? "it was asked to end (SIGTERM)"
                        : "it was ended (SIGTERM) while it was working",
             false);
  }

  // By whom? The kernel's count of its own kills says so where there is one.
  void killed(const RunEvent& end) {
    auto limit = end.memory_limit_bytes;
    if (limit <= 0 && facts_.start) limit = facts_.start->memory_limit_bytes;
    const bool near_limit = limit > 0 && end.memory_bytes > limit / 20 * 19;
    if (end.oom_kills < 0 && near_limit) {
      prove("memory", "its memory was at " + std::to_string(end.memory_bytes >> 20) + " of " +
                          std::to_string(limit >> 20) + " MiB");
      return conclude("resource/oom_cgroup", 80, "killed (SIGKILL) with its memory at the limit");
    }
    if (end.oom_kills < 0) {
      return conclude("resource/oom_cgroup", 50,
                      "killed (SIGKILL), probably out of memory; nothing proves it", true);
    }
    conclude("control/cancelled", 50, "killed (SIGKILL) from outside, not for its memory", true);
  }

  const Case& case_;
  const Facts& facts_;
  FactVerdict result_;
};

}  // namespace

int ending_signal(const Facts& facts) {
  if (!facts.end) return 0;
  if (facts.end->signal > 0) return static_cast<int>(facts.end->signal);
  const auto code = facts.end->exit_code;
  constexpr int kKnown[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
                            SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ, SIGSYS};
  for (const int signal : kKnown) {
    if (code == 128 + signal) return signal;
  }
  return 0;
}

std::string signal_text(int number) {
  const char* const name = sigabbrev_np(number);
  return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(number);
}

FactVerdict judge_facts(const Case& the_case) { return Judge(the_case).run(); }

}  // namespace logboom::query::why
