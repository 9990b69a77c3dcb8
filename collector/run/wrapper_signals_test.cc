// Signals to the wrapper, and what it does as the first process of a container.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "collector/run/run_test_support.h"

namespace logboom::collector {
namespace {

TEST_CASE("signals that would end a command reach it, and leave no orphan") {
  TempDirectory spool;
  const int number =
      GENERATE(SIGABRT, SIGPROF, SIGVTALRM, SIGIO, SIGPWR, SIGXCPU, SIGSTKFLT, 34, 50, 64);
  CAPTURE(number);
  Wrapped run(spool.path(), sh("trap 'echo got; exit 7' " + std::to_string(number) +
                               "; echo ready; while :; do sleep 0.05; done"));
  CHECK(Wrapped::some(run.out, 6) == "ready\n");
  ::kill(run.pid, number);
  CHECK(Wrapped::all(run.out) == "got\n");
  CHECK(WEXITSTATUS(run.wait()) == 7);
}

TEST_CASE("a stop that would have been ignored stops no wrapper") {
  TempDirectory spool;
  const bool orphaned = GENERATE(false, true);
  Wrapped run(spool.path(), sh("echo ready; read go; echo on; exit 3"), [&](RunRequest&) {
    if (orphaned) {
      ::setsid();
    } else {
      ::signal(SIGTSTP, SIG_IGN);
    }
  });
  CHECK(Wrapped::some(run.out, 6) == "ready\n");
  ::kill(run.pid, SIGTSTP);
  REQUIRE(::write(run.in.get(), "\n", 1) == 1);
  CHECK(Wrapped::all(run.out) == "on\n");
  CHECK(WEXITSTATUS(run.wait()) == 3);
}

TEST_CASE("a stop stops wrapper and command until they are continued") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("echo ready; read go; echo on; exit 3"),
              [](RunRequest&) { ::setpgid(0, 0); });  // whose parent, the test, could continue it
  CHECK(Wrapped::some(run.out, 6) == "ready\n");
  ::kill(run.pid, SIGTSTP);
  int status = 0;
  REQUIRE(::waitpid(run.pid, &status, WUNTRACED) == run.pid);
  REQUIRE(WIFSTOPPED(status));
  CHECK(WSTOPSIG(status) == SIGTSTP);
  ::kill(run.pid, SIGCONT);
  REQUIRE(::write(run.in.get(), "\n", 1) == 1);
  CHECK(Wrapped::all(run.out) == "on\n");
  CHECK(WEXITSTATUS(run.wait()) == 3);
}

TEST_CASE("as the first process of a container the wrapper buries orphans") {
  if (::geteuid() != 0) return;  // only root may make a container
  TempDirectory spool, directory;
  const auto go = directory / "go";
  REQUIRE(::mkfifo(go.c_str(), 0600) == 0);
  // A zombie still answers to kill -0.
  Wrapped run(
      spool.path(),
      sh("orphan=$(sh -c '(exec > /dev/null; read x < " + go + ") & echo $!'); echo > " + go +
         "; while kill -0 $orphan 2> /dev/null; do sleep 0.01; done; echo $PPID; exit 4"),
      [](RunRequest&) {
        if (::unshare(CLONE_NEWPID) != 0) ::_exit(99);
        const pid_t first = ::fork();
        if (first == 0) {
          ::prctl(PR_SET_PDEATHSIG, SIGKILL);
          return;
        }
        int status = 0;
        ::waitpid(first, &status, 0);
        ::_exit(WEXITSTATUS(status));
      });
  CHECK(Wrapped::all(run.out) == "1\n");
  CHECK(WEXITSTATUS(run.wait()) == 4);
  const auto kept = kept_in(spool.path());
  REQUIRE(kept.event(RunEvent::Kind::end));
  CHECK(kept.event(RunEvent::Kind::end)->exit_code == 4);
}

}  // namespace
}  // namespace logboom::collector
