#include "collector/run/wrapper.h"

#include <pty.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "collector/run/run_test_support.h"

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

TEST_CASE("output passes through byte for byte, each stream apart, and is kept") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh(R"(printf 'a\000b\n\nno newline'; printf 'oh\r\n' >&2; exit 3)"));
  const std::string out("a\0b\n\nno newline", 15);
  CHECK(Wrapped::all(run.out) == out);
  CHECK(Wrapped::all(run.err) == "oh\r\n");
  const int status = run.wait();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  const auto kept = kept_in(spool.path());
  CHECK(kept.out == out);
  CHECK(kept.err == "oh\r\n");
  REQUIRE(kept.events.size() == 2);
  CHECK(kept.events[0].kind == Kind::start);
  CHECK(kept.events[1].kind == Kind::end);
  CHECK(kept.events[1].exit_code == 3);
  CHECK(kept.events[1].lines == 4);
  CHECK(kept.events[1].lost_bytes == -1);
  CHECK(kept.events[1].memory_bytes > 0);
}

TEST_CASE("where both streams go to one place, neither breaks into the other's line") {
  TempDirectory spool;
  const auto written = spool / "written";
  REQUIRE(::mkfifo(written.c_str(), 0600) == 0);
  Wrapped run(spool.path(),
              sh("printf one >&2; read go; printf ' line\\n' >&2; echo another; : > " + written +
                 "; read end; exit 4"),
              [](RunRequest&) { ::dup2(1, 2); });
  CHECK(Wrapped::some(run.out, 3) == "one");
  // Both are there when it looks next.
  ::kill(run.pid, SIGSTOP);
  REQUIRE(::write(run.in.get(), "\n", 1) == 1);
  REQUIRE(Descriptor(::open(written.c_str(), O_RDONLY)).open());
  ::kill(run.pid, SIGCONT);
  CHECK(Wrapped::some(run.out, 14) == " line\nanother\n");
  REQUIRE(::write(run.in.get(), "\n", 1) == 1);
  CHECK(WEXITSTATUS(run.wait()) == 4);
}

TEST_CASE("a prompt without a newline passes at once, and standard input is the command's") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("printf 'name? '; read name; echo \"hello $name\""));
  CHECK(Wrapped::some(run.out, 6) == "name? ");
  REQUIRE(::write(run.in.get(), "you\n", 4) == 4);
  CHECK(Wrapped::all(run.out) == "hello you\n");
  CHECK(run.wait() == 0);
}

TEST_CASE("the command sees its run in its environment, and its own descriptors") {
  TempDirectory spool;
  const std::string list = "ls /proc/self/fd | tr '\\n' ' '";
  // As many as without a wrapper.
  REQUIRE(std::system((list + " > " + (spool / "bare")).c_str()) == 0);
  const auto expected = read_file(spool / "bare");
  Wrapped run(spool.path(), sh("echo $LOGS_JOB ${#LOGS_RUN_ID}; " + list));
  CHECK(Wrapped::all(run.out) == "job 12\n" + expected);
  CHECK(run.wait() == 0);
}

TEST_CASE("a signal that kills the command kills the wrapper") {
  TempDirectory spool;
  const int number = GENERATE(SIGKILL, SIGSEGV, SIGTERM);
  Wrapped run(spool.path(), sh("kill -" + std::to_string(number) + " $$"));
  const int status = run.wait();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == number);
  const auto kept = kept_in(spool.path());
  REQUIRE(kept.event(Kind::end));
  CHECK(kept.event(Kind::end)->signal == number);
  CHECK(kept.event(Kind::end)->stop_signal == -1);
}

TEST_CASE("a signal sent to the wrapper reaches the command, and is told") {
  TempDirectory spool;
  Wrapped run(spool.path(),
              sh("trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.05; done"));
  CHECK(Wrapped::some(run.out, 6) == "ready\n");
  ::kill(run.pid, SIGTERM);
  CHECK(Wrapped::all(run.out) == "got\n");
  CHECK(WEXITSTATUS(run.wait()) == 7);
  const auto kept = kept_in(spool.path());
  REQUIRE(kept.event(Kind::end));
  CHECK(kept.event(Kind::end)->stop_signal == SIGTERM);
}

TEST_CASE("a command over its time is ended with its children") {
  TempDirectory spool;
  // Long enough that the command has written before, however busy the machine is.
  Wrapped run(spool.path(), sh("echo begun; sleep 1000 & sleep 1000; echo never"),
              [](RunRequest& request) { request.timeout = std::chrono::milliseconds(1'000); });
  CHECK(Wrapped::some(run.out, 6) == "begun\n");
  CHECK(Wrapped::all(run.out).empty());
  CHECK(WEXITSTATUS(run.wait()) == 124);
  const auto kept = kept_in(spool.path());
  REQUIRE(kept.event(Kind::end));
  CHECK(kept.event(Kind::end)->timed_out == 1);
  CHECK(kept.event(Kind::end)->exit_code == 124);
  CHECK(kept.event(Kind::start)->deadline_ms == 1'000);
}

TEST_CASE("output that cannot be written costs the command nothing, and is told and kept") {
  TempDirectory spool;
  const std::string target = GENERATE("/dev/full", "file");
  Wrapped run(spool.path(), sh("echo one; sleep 0.1; echo two; exit 5"), [&](RunRequest&) {
    // Once full, and once at the limit of a file's size.
    const auto path = target == "file" ? spool / "out" : target;
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(file, 1);
    ::close(file);
    if (target != "file") return;
    const rlimit size{2'000'000, 2'000'000};
    ::setrlimit(RLIMIT_FSIZE, &size);
    ::lseek(1, 2'000'000, SEEK_SET);
  });
  const int status = run.wait();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 5);
  const auto kept = kept_in(spool.path());
  const auto why = std::strerror(target == "file" ? EFBIG : ENOSPC);
  CHECK(kept.out == std::string("one\nlogs run: output of the command could not be written: ") +
                        why + "\ntwo\n");
  CHECK(kept.event(Kind::end)->exit_code == 5);
}

TEST_CASE("a terminal that goes away ends no command") {
  TempDirectory spool;
  int outer = -1, inner = -1;
  REQUIRE(::openpty(&outer, &inner, nullptr, nullptr, nullptr) == 0);
  Wrapped run(spool.path(), sh("echo one; read gone; echo two; sleep 0.1; echo three; exit 5"),
              [&](RunRequest&) {
                ::dup2(inner, 1);
                ::close(inner);
                ::close(outer);
              });
  ::close(inner);
  Descriptor terminal(outer);
  CHECK(Wrapped::some(terminal, 5) == "one\r\n");
  terminal.close();
  REQUIRE(::write(run.in.get(), "\n", 1) == 1);
  const int status = run.wait();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 5);
  const auto kept = kept_in(spool.path());
  CHECK(kept.out.starts_with("one\n"));
  CHECK(kept.out.find("two\n") != std::string::npos);
  CHECK(kept.out.ends_with("three\n"));
}

TEST_CASE("a limit on the size of files ends neither the command nor its wrapper") {
  TempDirectory spool;
  const rlim_t most = GENERATE(rlim_t{0}, rlim_t{kSpoolHeader + 1000});
  Wrapped run(spool.path(), sh("seq 1000; exit 4"), [&](RunRequest&) {
    const rlimit size{most, most};
    ::setrlimit(RLIMIT_FSIZE, &size);
  });
  CHECK(Wrapped::all(run.out).ends_with("999\n1000\n"));
  const int status = run.wait();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 4);
}

TEST_CASE("under a limit on processes a command runs that would run bare") {
  if (::geteuid() != 0) return;  // another user's processes are counted
  TempDirectory spool;
  ::chmod(spool.path().c_str(), 0777);
  const rlim_t most = GENERATE(rlim_t{1}, rlim_t{2}, rlim_t{3});
  Wrapped run(spool.path(), {"/bin/sh", "-c", "echo here; exit 6"}, [&](RunRequest&) {
    const rlimit processes{most, most};
    ::setrlimit(RLIMIT_NPROC, &processes);
    if (::setuid(54'321) != 0) ::_exit(99);
  });
  CHECK(Wrapped::all(run.out) == "here\n");
  CHECK(Wrapped::all(run.err).empty());
  const int status = run.wait();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 6);
  const auto kept = kept_in(spool.path());
  CHECK(kept.files == (most == 1 ? 0 : 1));
  if (most == 1) return;
  REQUIRE(kept.event(Kind::end));
  CHECK(kept.event(Kind::end)->exit_code == (most == 2 ? -1 : 6));
  CHECK(kept.event(Kind::end)->message.starts_with("ran unwatched") == (most == 2));
}

TEST_CASE("under a limit on processes what cannot be executed is told") {
  if (::geteuid() != 0) return;
  TempDirectory spool, directory;
  for (const auto* const path : {&spool, &directory}) ::chmod(path->path().c_str(), 0777);
  write_anew(directory / "lost", "#!/no/such/python3 -u\n");
  write_anew(directory / "dos", "#!/bin/sh\r\necho\r\n");
  write_anew(directory / "plain", "no program");
  write_anew(directory / "no-entry", "#!" + (directory / "plain") + "\n");
  for (const char* script : {"lost", "dos", "no-entry"}) {
    ::chmod((directory / script).c_str(), 0755);
  }
  auto [name, code, words] = GENERATE(table<std::string, int, std::string>({
      {"no-such-command", 127, "command not found"},
      {"/none", 127, "No such file"},
      {"/lost", 127, "interpreter '/no/such/python3' does not exist"},
      {"/dos", 127, "Windows line ends"},
      {"/plain", 126, "Permission denied"},
      {"/no-entry", 126, "Permission denied"},
      {"/.", 126, "Permission denied"},
  }));
  const auto command = name.starts_with('/') ? directory.path() + name : name;
  CAPTURE(command);
  Wrapped run(spool.path(), {command}, [&](RunRequest&) {
    const rlimit processes{2, 2};
    ::setrlimit(RLIMIT_NPROC, &processes);
    if (::setuid(54'321) != 0) ::_exit(99);
  });
  const auto said = Wrapped::all(run.err);
  CHECK(said.find(words) != std::string::npos);
  CHECK(WEXITSTATUS(run.wait()) == code);
  const auto kept = kept_in(spool.path());
  CHECK(kept.err == said);
  CHECK(kept.events.size() == 2);
  REQUIRE(kept.event(Kind::end));
  CHECK(kept.event(Kind::end)->exit_code == code);
  CHECK(kept.event(Kind::end)->message.find(words) != std::string::npos);
}

TEST_CASE("what cannot be executed is told as a line and a fact") {
  TempDirectory spool, directory;
  write_anew(directory / "lost", "#!/no/such/python3 -u\n");
  write_anew(directory / "dos", "#!/bin/sh\r\necho\r\n");
  write_anew(directory / "plain", "no program");
  for (const char* script : {"lost", "dos"}) ::chmod((directory / script).c_str(), 0755);
  auto [name, code, error, words] = GENERATE(table<std::string, int, int, std::string>({
      {"no-such-command", 127, ENOENT, "command not found"},
      {"/none", 127, ENOENT, "No such file"},
      {"/lost", 127, ENOENT, "interpreter '/no/such/python3' does not exist"},
      {"/dos", 127, ENOENT, "Windows line ends"},
      {"/plain", 126, EACCES, "Permission denied"},
      {"/.", 126, EACCES, "Permission denied"},
  }));
  const auto command = name.starts_with('/') ? directory.path() + name : name;
  CAPTURE(command);
  Wrapped run(spool.path(), {command});
  const auto said = Wrapped::all(run.err);
  CHECK(said.find(words) != std::string::npos);
  CHECK(WEXITSTATUS(run.wait()) == code);
  const auto kept = kept_in(spool.path());
  CHECK(kept.err == said);
  REQUIRE(kept.event(Kind::end));
  CHECK(kept.event(Kind::end)->exec_errno == error);
  CHECK(kept.event(Kind::end)->message.find(words) != std::string::npos);
}

TEST_CASE("the run ends with its command, and a daemon it left goes on writing unharmed") {
  TempDirectory spool;
  Wrapped run(
      spool.path(),
      sh("(trap '' HUP; read go; echo late; echo done) < " + (spool / "go") + " & echo early"),
      [&](RunRequest&) { ::mkfifo((spool / "go").c_str(), 0600); });
  CHECK(Wrapped::some(run.out, 6) == "early\n");
  CHECK(run.wait() == 0);
  REQUIRE(kept_in(spool.path()).event(Kind::end));
  std::ofstream(spool / "go") << "go\n" << std::flush;
  CHECK(Wrapped::all(run.out) == "late\ndone\n");
  CHECK(kept_in(spool.path()).out == "early\n");
}

TEST_CASE("a reader that goes away is the command's SIGPIPE") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("exec yes"));
  CHECK(Wrapped::some(run.out, 2) == "y\n");
  run.out.close();
  const int status = run.wait();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGPIPE);
}

TEST_CASE("a stream nobody reads does not hold up the other") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("(exec yes full | head -c 1000000) & "
                               "echo other >&2; wait; echo end >&2"));
  CHECK(Wrapped::some(run.err, 6) == "other\n");
  CHECK(Wrapped::all(run.out).size() == 1'000'000);
  CHECK(Wrapped::all(run.err) == "end\n");
  CHECK(run.wait() == 0);
}

TEST_CASE("a spool that cannot be written costs the record alone") {
  TempDirectory directory;
  write_anew(directory / "file", "");
  Wrapped run(directory / "file", sh("echo fine; exit 5"));
  CHECK(Wrapped::all(run.out) == "fine\n");
  CHECK(Wrapped::all(run.err).empty());
  CHECK(WEXITSTATUS(run.wait()) == 5);
}

TEST_CASE("output over the limit passes, and is told as missing") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("head -c 8000000 /dev/zero | tr '\\0' x"),
              [](RunRequest& request) { request.limit_bytes = 2 << 20; });
  CHECK(Wrapped::all(run.out).size() == 8'000'000);
  CHECK(run.wait() == 0);
  const auto kept = kept_in(spool.path());
  REQUIRE(kept.event(Kind::end));
  const auto lost = static_cast<std::size_t>(kept.event(Kind::end)->lost_bytes);
  CHECK(kept.out.size() + lost == 8'000'000);
  CHECK(kept.out.size() < 4'000'000);
  std::uint64_t told = 0;
  for (const auto& gap : kept.gaps) told += gap.missing_bytes;
  CHECK(told == lost);
}

TEST_CASE("a killed wrapper leaves a start, no end, and a free lock") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("echo ready; read never"));
  CHECK(Wrapped::some(run.out, 6) == "ready\n");
  const auto kept = kept_in(spool.path());
  REQUIRE(kept.event(Kind::start));
  const std::string id(field(kept.header.fields, "run"));
  const auto path = spool / (id + ".run");
  CHECK_FALSE(open_spool(path, id)->finished);
  ::kill(run.pid, SIGKILL);
  run.wait();
  CHECK(open_spool(path, id)->finished);
  CHECK(kept_in(spool.path()).event(Kind::end) == nullptr);
}

TEST_CASE("a sender is asked for where no collector answers, and only there") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("exit 1"), [&](RunRequest& request) {
    request.start_sender = [&] { write_anew(spool / "asked", ""); };
  });
  CHECK(WEXITSTATUS(run.wait()) == 1);
  CHECK(std::filesystem::exists(spool / "asked"));
}

}  // namespace
}  // namespace logboom::collector
