// Streams that are closed, by the caller, the command or the reader.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "collector/run/run_test_support.h"

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

TEST_CASE("what the caller has closed is closed for the command, and nothing of ours is written") {
  TempDirectory spool, directory;
  const auto closed = GENERATE(std::vector<int>{0, 1, 2}, std::vector<int>{1}, std::vector<int>{2},
                               std::vector<int>{0, 1}, std::vector<int>{0});
  std::string script = "trap '' PIPE; echo to stdout; echo to stderr >&2; code=3; ";
  for (const int number : closed) {
    script += "[ -e /proc/$$/fd/" + std::to_string(number) + " ] && code=9; ";
  }
  Wrapped run(spool.path(), sh(script + "exit $code"), [&](RunRequest&) {
    for (const int number : closed) ::close(number);
  });
  const int status = run.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  const auto is_closed = [&](int number) { return std::ranges::count(closed, number) > 0; };
  const auto out = Wrapped::all(run.out);
  CHECK(out == (is_closed(1) ? "" : "to stdout\n"));
  const auto kept = kept_in(spool.path());
  CHECK(kept.out == out);
  CHECK(kept.err == Wrapped::all(run.err));
  REQUIRE(kept.events.size() == 2);
  CHECK(kept.events[0].kind == Kind::start);
  CHECK(kept.events[1].exit_code == 3);
  CHECK_FALSE(field(kept.header.fields, "run").empty());
}

TEST_CASE("a command that closes a stream is seen to close it") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("echo data; exec >&-; read go; echo end >&2; exit 3"));
  CHECK(Wrapped::all(run.out) == "data\n");
  REQUIRE(::write(run.in.get(), "\n", 1) == 1);
  CHECK(Wrapped::all(run.err) == "end\n");
  CHECK(WEXITSTATUS(run.wait()) == 3);
}

TEST_CASE("a daemon that closes a stream is seen to close it") {
  TempDirectory spool, directory;
  const auto go = directory / "go";
  REQUIRE(::mkfifo(go.c_str(), 0600) == 0);
  Wrapped run(spool.path(),
              sh("(trap '' HUP; read a; echo late; exec >&-; read b; echo over >&2) < " + go +
                 " & echo early"));
  CHECK(run.wait() == 0);
  const Descriptor daemon(::open(go.c_str(), O_WRONLY));
  REQUIRE(::write(daemon.get(), "\n", 1) == 1);
  CHECK(Wrapped::all(run.out) == "early\nlate\n");
  REQUIRE(::write(daemon.get(), "\n", 1) == 1);
  CHECK(Wrapped::all(run.err) == "over\n");
}

TEST_CASE("who writes to a command's standard input sees that it has been closed") {
  TempDirectory spool, directory;
  const auto go = directory / "go";
  REQUIRE(::mkfifo(go.c_str(), 0600) == 0);
  Wrapped run(spool.path(), sh("exec <&-; echo closed; read go < " + go));
  CHECK(Wrapped::some(run.out, 7) == "closed\n");
  pollfd input{run.in.get(), 0, 0};
  CHECK(::poll(&input, 1, 0) == 1);
  CHECK((input.revents & POLLERR) != 0);
  std::ofstream(go) << "\n" << std::flush;
  CHECK(run.wait() == 0);
}

// Waits for a file. Its answer to a signal shows that the wrapper has looked at its streams since.
std::string answering(const std::string& go) {
  return "trap 'echo seen >&2' USR1; wait_for() { until rm " + go +
         " 2> /dev/null; do sleep 0.02; done; }; ";
}

TEST_CASE("readers of a named pipe may come and go") {
  TempDirectory spool, directory;
  const auto path = directory / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  Wrapped run(spool.path(),
              sh(answering(directory / "go") +
                 "for line in one two three; do echo $line; wait_for; done; exit 3"),
              [&](RunRequest&) {
                const int file = ::open(path.c_str(), O_WRONLY);
                ::dup2(file, STDOUT_FILENO);
                ::close(file);
              });
  for (const std::string line : {"one\n", "two\n", "three\n"}) {
    Descriptor reader(::open(path.c_str(), O_RDONLY));
    if (line != "one\n") write_anew(directory / "go", "");
    CHECK(Wrapped::some(reader, line.size()) == line);
    reader.close();
    ::kill(run.pid, SIGUSR1);
    CHECK(Wrapped::some(run.err, 5) == "seen\n");
  }
  write_anew(directory / "go", "");
  const int status = run.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
}

TEST_CASE("a pipe's reader that has gone is the SIGPIPE of the next write") {
  TempDirectory spool, directory;
  Wrapped run(spool.path(),
              sh(answering(directory / "go") + "echo one; wait_for; echo two; exit 3"));
  CHECK(Wrapped::some(run.out, 4) == "one\n");
  run.out.close();
  ::kill(run.pid, SIGUSR1);
  CHECK(Wrapped::some(run.err, 5) == "seen\n");
  write_anew(directory / "go", "");
  const int status = run.wait();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGPIPE);
}

}  // namespace
}  // namespace logboom::collector
