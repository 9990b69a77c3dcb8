#include "query/why/facts.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

namespace logboom::query::why {
namespace {

// Ten good runs: a second long, silent for 100 ms at most.
std::vector<Sketch> habit() {
  Sketch sketch;
  sketch.lines = 50;
  sketch.wall_ms = 1'000;
  sketch.max_quiet_ms = 100;
  return std::vector<Sketch>(10, sketch);
}

RunEvent ended(std::int64_t exit_code, std::int64_t signal) {
  RunEvent end;
  end.kind = RunEvent::Kind::end;
  end.exit_code = exit_code;
  end.signal = signal;
  end.wall_ms = 900;
  end.quiet_ms = 5;
  end.oom_kills = 0;
  return end;
}

FactVerdict judged(const RunEvent& end, std::vector<Sketch> good = habit()) {
  Case the_case;
  the_case.facts.end = end;
  the_case.good = std::move(good);
  return judge_facts(the_case);
}

bool proves(const FactVerdict& verdict, std::string_view kind) {
  for (const auto& evidence : verdict.evidence) {
    if (evidence.kind == kind) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("an exit code alone proves an outcome and no cause") {
  const auto good = judged(ended(0, -1));
  CHECK(good.outcome == "succeeded");
  CHECK(good.cause.empty());
  const auto bad = judged(ended(3, -1));
  CHECK(bad.outcome == "failed");
  CHECK(bad.cause.empty());
  CHECK(bad.exit_class == "exit3");
}

TEST_CASE("a signal is named, also where a shell told of it") {
  const auto [exit_code, signal, cause, name] =
      GENERATE(table<std::int64_t, std::int64_t, std::string, std::string>({
          {-1, SIGSEGV, "code/crash_signal", "SIGSEGV"},
          {139, -1, "code/crash_signal", "SIGSEGV"},
          {136, -1, "code/crash_signal", "SIGFPE"},
          {-1, SIGBUS, "code/crash_signal", "SIGBUS"},
          {134, -1, "code/crash_signal", "SIGABRT"},
          {-1, SIGINT, "control/cancelled", "SIGINT"},
          {130, -1, "control/cancelled", "SIGINT"},
          {-1, SIGHUP, "control/cancelled", "SIGHUP"},
          {152, -1, "resource/deadline", "SIGXCPU"},
          {-1, SIGXFSZ, "resource/file_size", "SIGXFSZ"},
          {-1, SIGTERM, "control/cancelled", "SIGTERM"},
      }));
  CAPTURE(exit_code, signal);
  const auto verdict = judged(ended(exit_code, signal));
  CHECK(verdict.outcome == "failed");
  CHECK(verdict.cause == cause);
  REQUIRE(proves(verdict, "signal"));
  CHECK(verdict.evidence.front().text.find(name) != std::string::npos);
}

TEST_CASE("a process that the kernel killed at the memory limit is known whatever the exit code") {
  const auto exit_code = GENERATE(std::int64_t{0}, std::int64_t{1}, std::int64_t{137});
  auto end = ended(exit_code, -1);
  end.oom_kills = 1;
  end.memory_limit_bytes = 512 << 20;
  const auto verdict = judged(end);
  CHECK(verdict.cause == "resource/oom_cgroup");
  CHECK_FALSE(verdict.log_may_know_better);
  CHECK(verdict.outcome == (exit_code == 0 ? "suspect" : "failed"));
  CHECK(verdict.headline.find("512 MiB") != std::string::npos);
  CHECK(proves(verdict, "oom_kill"));
}

TEST_CASE("a kill is out of memory only where the kernel counted it") {
  auto end = ended(-1, SIGKILL);
  CHECK(judged(end).cause == "control/cancelled");
  end.oom_kills = -1;
  CHECK(judged(end).cause == "resource/oom_cgroup");
  CHECK(judged(end).confidence <= 50);
  end.memory_bytes = 500 << 20;
  end.memory_limit_bytes = 512 << 20;
  CHECK(judged(end).confidence == 80);
}

TEST_CASE("ended while silent is a hang, ended while writing is a deadline or somebody's wish") {
  struct Row {
    std::int64_t quiet_ms, wall_ms, timed_out;
    std::string cause;
  };
  const auto row = GENERATE(values<Row>({
      {2'900, 3'000, 1, "resource/hang"},
      {2'900, 3'000, -1, "resource/hang"},
      {10, 3'000, 1, "resource/deadline"},
      {10, 3'000, -1, "resource/deadline"},
      {10, 500, -1, "control/cancelled"},
      {1'000, 1'200, -1, "control/cancelled"},  // too short a silence
      {3'000, 60'000, 1, "resource/deadline"},  // a small part of the run
  }));
  CAPTURE(row.quiet_ms, row.wall_ms, row.timed_out);
  for (const auto& [exit_code, signal] :
       {std::pair<std::int64_t, std::int64_t>{-1, SIGTERM}, {143, -1}}) {
    auto end = ended(exit_code, signal);
    end.quiet_ms = row.quiet_ms;
    end.wall_ms = row.wall_ms;
    end.timed_out = row.timed_out;
    CHECK(judged(end).cause == row.cause);
  }
}

TEST_CASE("a job that is silent by habit does not hang while it is silent") {
  auto end = ended(-1, SIGTERM);
  end.wall_ms = 7'000;
  end.quiet_ms = 6'900;
  auto good = habit();
  for (auto& sketch : good) {
    sketch.wall_ms = 6'500;
    sketch.max_quiet_ms = 6'000;
  }
  CHECK(judged(end, good).cause == "control/cancelled");
}

TEST_CASE("without good runs the run's own pauses are its habit") {
  auto end = ended(-1, SIGTERM);
  end.wall_ms = 10'000;
  end.quiet_ms = 9'000;
  end.max_quiet_ms = 40;
  CHECK(judged(end, {}).cause == "resource/hang");
  end.quiet_ms = 20;
  CHECK(judged(end, {}).cause == "resource/deadline");
}

TEST_CASE("a silence with a busy processor is an endless loop") {
  auto end = ended(-1, SIGTERM);
  end.wall_ms = 3'000;
  end.quiet_ms = 2'900;
  end.quiet_cpu_ms = 2'850;
  CHECK(judged(end).headline.find("endless loop") != std::string::npos);
  end.quiet_cpu_ms = 3;
  CHECK(judged(end).headline.find("waiting") != std::string::npos);
}

TEST_CASE("a program that was told to end and left in its own way was ended") {
  auto end = ended(1, -1);
  end.stop_signal = SIGINT;
  CHECK(judged(end).cause == "control/cancelled");
  end.stop_signal = -1;
  end.timed_out = 1;
  CHECK(judged(end).cause == "resource/deadline");
  CHECK(judged(ended(124, -1)).cause == "resource/deadline");
}

TEST_CASE("a command that could not be executed says why") {
  const auto [number, interpreter, cause] = GENERATE(table<int, std::string, std::string>({
      {ENOENT, "", "script/command_not_found"},
      {ENOENT, "/usr/bin/python9", "platform/exec_not_found"},
      {EACCES, "", "platform/exec_denied"},
      {EISDIR, "", "platform/exec_denied"},
      {ENOEXEC, "", "platform/exec_format"},
      {99'999, "", "platform/exec_not_found"},
  }));
  CAPTURE(number);
  auto end = ended(127, -1);
  end.exec_errno = number;
  end.message = "cannot run 'x': as the wrapper says it";
  end.interpreter = interpreter;
  const auto verdict = judged(end);
  CHECK(verdict.cause == cause);
  CHECK_FALSE(verdict.log_may_know_better);
}

TEST_CASE("an end that nobody saw proves neither good nor bad") {
  RunEvent end;
  end.kind = RunEvent::Kind::end;
  end.message = "its end was not seen";
  const auto verdict = judged(end);
  CHECK(verdict.outcome == "ended");
  CHECK(verdict.cause == "unknown");
}

TEST_CASE("the container runtime's word is a fact") {
  const auto [reason, cause] = GENERATE(table<std::string, std::string>({
      {"OOMKilled", "resource/oom_cgroup"},
      {"Evicted", "platform/eviction"},
      {"DeadlineExceeded", "resource/deadline"},
      {"ImagePullBackOff", "platform/image"},
      {"CrashLoopBackOff", "platform/crash_loop"},
      {"NodeLost", "platform/node"},
      {"FailedScheduling", "platform/scheduling"},
      {"CreateContainerConfigError", "platform/config"},
      {"Unhealthy", "platform/liveness"},
      {"FailedCreate", "platform/quota"},
      {"Error", ""},
      {"Completed", ""},
  }));
  CAPTURE(reason);
  auto end = ended(1, -1);
  end.reason = reason;
  CHECK(judged(end).cause == cause);
}

TEST_CASE("what never began or never ended has its class") {
  Case the_case;
  the_case.facts.missed = true;
  CHECK(judge_facts(the_case).cause == "platform/missed_schedule");
  CHECK(judge_facts(the_case).outcome == "missed");
  the_case.facts = {};
  the_case.facts.skipped = true;
  CHECK(judge_facts(the_case).cause == "control/overlap_skipped");
  CHECK(judge_facts(the_case).outcome == "skipped");
  the_case.facts = {};
  the_case.facts.lost = true;
  CHECK(judge_facts(the_case).cause == "platform/never_ended");
  CHECK(judge_facts(the_case).outcome == "lost");
  the_case.facts = {};
  CHECK(judge_facts(the_case).outcome == "running");
  the_case.facts.from_file = true;
  CHECK(judge_facts(the_case).outcome == "failed");
}

TEST_CASE("the largest figures do no harm") {
  auto end = ended(-1, SIGTERM);
  end.wall_ms = end.quiet_ms = end.max_quiet_ms = end.quiet_cpu_ms = INT64_MAX;
  end.memory_bytes = end.memory_limit_bytes = INT64_MAX;
  CHECK(judged(end, {}).outcome == "failed");
  end.signal = INT64_MAX;
  CHECK(judged(end).outcome == "failed");
}

}  // namespace logboom::query::why
