// What becomes of output that its reader has not taken when the command ends.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include <catch2/catch.hpp>

#include "collector/run/run_test_support.h"

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

// More than a pipe takes: its writer cannot have passed all of it on.
constexpr std::size_t kMuch = 100'000;
std::string much_of(char letter) {
  return "head -c " + std::to_string(kMuch) + " /dev/zero | tr '\\0' " + letter;
}

bool end_is_kept(const TempDirectory& spool) {
  return until([&] { return kept_in(spool.path()).event(Kind::end) != nullptr; });
}

// Takes a page where the pipe is full of them, so that all who would write next are waiting.
std::string read_slowly(const Descriptor& from, int page) {
  std::string text;
  const auto ready = [&] {
    pollfd state{from.get(), POLLIN, 0};
    int bytes = 0;
    ::poll(&state, 1, 0);
    ::ioctl(from.get(), FIONREAD, &bytes);
    return bytes == page || (state.revents & POLLHUP) != 0;
  };
  std::string bytes(static_cast<std::size_t>(page), '\0');
  while (until(ready)) {
    const auto got = ::read(from.get(), bytes.data(), bytes.size());
    if (got <= 0) break;
    text.append(bytes, 0, static_cast<std::size_t>(got));
  }
  return text;
}

TEST_CASE("what runs next writes behind what a slow reader has not taken yet") {
  TempDirectory spool, directory;
  const std::string letters = "ABC";
  // Whole pages, written at once.
  const std::size_t size = 14 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::string expected;
  for (const char letter : letters) {
    write_anew(directory / std::string(1, letter), std::string(size, letter));
    expected += std::string(size, letter);
  }
  Wrapped all(spool.path(), {}, [&](RunRequest& request) {
    ::fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 4096);
    for (const char letter : letters) {
      const pid_t one = ::fork();
      if (one == 0) {
        request.command = {"cat", directory / std::string(1, letter)};
        end_like(run_wrapped(request));
      }
      ::waitpid(one, nullptr, 0);
    }
    (void)!::write(STDOUT_FILENO, "END", 3);
    ::_exit(0);
  });
  REQUIRE(end_is_kept(spool));
  CHECK((read_slowly(all.out, ::fcntl(all.out.get(), F_GETPIPE_SZ)) == expected + "END"));
  CHECK(all.wait() == 0);
}

TEST_CASE("the end is kept while a reader is slow, and a signal then ends the wrapper alone") {
  TempDirectory spool;
  const int number = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT);
  Wrapped run(spool.path(), sh(much_of('x')));
  REQUIRE(end_is_kept(spool));
  ::kill(run.pid, number);
  const int status = run.wait();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == number);
  CHECK(Wrapped::all(run.out).size() == kMuch);
  const auto kept = kept_in(spool.path());
  CHECK(kept.out.size() == kMuch);
  CHECK(kept.event(Kind::end)->exit_code == 0);
  CHECK(kept.event(Kind::end)->stop_signal == -1);
}

TEST_CASE("a signal the caller ignores ends no wrapper whose reader is slow") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh(much_of('x')), [](RunRequest&) { ::signal(SIGHUP, SIG_IGN); });
  REQUIRE(end_is_kept(spool));
  ::kill(run.pid, SIGHUP);
  CHECK(Wrapped::all(run.out).size() == kMuch);
  CHECK(run.wait() == 0);
}

TEST_CASE("a slow reader holds no command up beyond its time") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh(much_of('x') + "; exit 3"),
              [](RunRequest& request) { request.timeout = std::chrono::seconds(1); });
  // It ends by itself, or in its second where the machine is busy.
  const int status = run.wait();
  REQUIRE(WIFEXITED(status));
  CHECK((WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 124));
  CHECK(Wrapped::all(run.out).size() == kept_in(spool.path()).out.size());
}

TEST_CASE("a reader that goes away after the command's end ends the wrapper") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh(much_of('x') + "; exit 3"));
  REQUIRE(end_is_kept(spool));
  run.out.close();
  const int status = run.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
}

TEST_CASE("a daemon that keeps writing keeps no wrapper") {
  TempDirectory spool;
  Wrapped run(spool.path(), sh("yes & exit 3"));
  CHECK(Wrapped::some(run.out, 500'000).size() == 500'000);
  CHECK(WEXITSTATUS(run.wait()) == 3);
  CHECK(Wrapped::some(run.out, 500'000).size() == 500'000);
}

}  // namespace
}  // namespace logboom::collector
