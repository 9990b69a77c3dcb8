#include "collector/run/spool_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>

#include "collector/run/run_test_support.h"

namespace {

// The disk of one process hangs for good in its Nth call, before or after the work is done.
struct HangingDisk {
  pid_t process = 0;
  int call = 0;
  bool after = false;
};
HangingDisk hanging;
std::atomic<int> calls = 0;
// A disk that syncs once somebody writes to this named pipe.
std::string syncs_after;

template <class Work>
auto on_disk(const Work& work) {
  const bool hangs = ::getpid() == hanging.process && ++calls == hanging.call;
  while (hangs && !hanging.after) ::pause();
  const auto result = work();
  while (hangs) ::pause();
  return result;
}

}  // namespace

// In the C library's place.
extern "C" ssize_t pwritev(int file, const iovec* parts, int count, off_t at) {
  return on_disk([&] { return ::syscall(SYS_pwritev, file, parts, count, at, 0); });
}
extern "C" int fdatasync(int file) {
  if (!syncs_after.empty()) ::close(::open(syncs_after.c_str(), O_RDONLY));
  return on_disk([&] { return static_cast<int>(::syscall(SYS_fdatasync, file)); });
}

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

RunEvent event_of(Kind kind, const std::string& run) {
  RunEvent event;
  event.kind = kind;
  event.time_ns = 1'000'000'000;
  event.run = run;
  event.job = "job";
  if (kind == Kind::end) event.exit_code = 3;
  return event;
}

bool is_free(const TempDirectory& spool, const std::string& run) {
  const auto opened = open_spool(spool / (run + ".run"), run);
  return opened && opened->finished;
}

TEST_CASE("what a hanging disk has not taken is written once the writer has gone") {
  TempDirectory spool;
  const bool room = GENERATE(true, false);
  const int call = GENERATE(1, 2, 3, 4, 5);  // start, its sync; two outputs or a gap; the end
  const bool after = GENERATE(false, true);
  CAPTURE(room, call, after);
  const auto run = new_run_id();
  const pid_t process = ::fork();
  if (process == 0) {
    hanging = {::getpid(), call, after};
    {
      SpoolWriter writer(spool.path(), {{"run", run}}, room ? 64 << 20 : 0,
                         std::chrono::milliseconds(5));
      if (!until([&] { return writer.usable(); })) ::_exit(99);
      writer.event(event_of(Kind::start, run));
      writer.output(FrameKind::out, 2'000'000'000, "one\n");
      writer.output(FrameKind::err, 2'000'000'000, "two\n");
      writer.end(event_of(Kind::end, run));
    }
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(process, &status, 0) == process);
  CHECK(status == 0);
  REQUIRE(until([&] { return is_free(spool, run); }));
  const auto kept = kept_in(spool.path());
  CHECK(kept.out == (room ? "one\n" : ""));
  CHECK(kept.err == (room ? "two\n" : ""));
  REQUIRE(kept.events.size() == 2);
  CHECK(kept.events[0].kind == Kind::start);
  CHECK(kept.events[1].exit_code == 3);
  CHECK(kept.events[1].lost_bytes == (room ? -1 : 8));
  REQUIRE(kept.gaps.size() == (room ? 0 : 1));
  if (!room) CHECK(kept.gaps[0].missing_bytes == 8);
}

TEST_CASE("who writes on for a wrapper holds its lock, and nothing else of it") {
  TempDirectory spool, directory;
  const auto go = directory / "go";
  REQUIRE(::mkfifo(go.c_str(), 0600) == 0);
  Wrapped wrapped(spool.path(), sh("echo one; exit 3"), [&](RunRequest&) { syncs_after = go; });
  CHECK(WEXITSTATUS(wrapped.wait()) == 3);
  CHECK(Wrapped::all(wrapped.out) == "one\n");
  CHECK(Wrapped::all(wrapped.err).empty());
  const std::string run(field(kept_in(spool.path()).header.fields, "run"));
  CHECK_FALSE(is_free(spool, run));
  CHECK(kept_in(spool.path()).event(Kind::end) == nullptr);
  const Descriptor disk(::open(go.c_str(), O_WRONLY));
  REQUIRE(until([&] { return is_free(spool, run); }));
  const auto kept = kept_in(spool.path());
  CHECK(kept.out == "one\n");
  REQUIRE(kept.events.size() == 2);
  CHECK(kept.events[1].exit_code == 3);
}

}  // namespace
}  // namespace logboom::collector
