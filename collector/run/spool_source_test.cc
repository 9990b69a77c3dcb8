#include "collector/run/spool_source.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "collector/run/hello.h"
#include "collector/run/local_runs.h"
#include "collector/run/sender.h"
#include "collector/run/spool_writer.h"
#include "collector/test_support.h"

namespace {
std::atomic<int> failing_reads = 0;  // of what follows a spool's header
}

// In the C library's place.
extern "C" ssize_t pread(int file, void* to, size_t size, off_t at) {
  if (at > 0 && failing_reads > 0) {
    --failing_reads;
    errno = EIO;
    return -1;
  }
  return ::syscall(SYS_pread64, file, to, size, at);
}

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

// A run as its wrapper writes it.
struct Written {
  explicit Written(const std::string& spool, const std::string& id = new_run_id(),
                   const std::string& tool = "mytool")
      : run(id),
        path(spool + "/" + id + ".run"),
        writer(std::make_unique<SpoolWriter>(
            spool, Fields{{"run", id}, {"job", "job"}, {"tool", tool}}, 64 << 20)) {
    put(Kind::start);
  }
  void put(Kind kind) {
    RunEvent event;
    event.kind = kind;
    event.time_ns = 1'000'000'000;
    event.run = run;
    event.job = "job";
    if (kind == Kind::end) event.exit_code = 3;
    if (kind == Kind::end) {
      writer->end(event);
    } else {
      writer->event(event);
    }
  }
  void say(const std::string& text, FrameKind stream = FrameKind::out) {
    writer->output(stream, 2'000'000'000, text);
  }
  // As a wrapper that was killed would: what it gave is on disk, the lock is free.
  void die() {
    REQUIRE(writer->sync(std::chrono::seconds(10)));
    writer.reset();
    REQUIRE(until([&] {
      const auto opened = open_spool(path, run);
      return !opened || opened->finished;
    }));
  }
  void end() {
    put(Kind::end);
    die();
  }

  std::string run, path;
  std::unique_ptr<SpoolWriter> writer;
};

struct SpoolScene : Scene {
  SpoolScene() {
    options.spools = {directory / "spool"};
    std::filesystem::create_directories(spool());
  }
  [[nodiscard]] std::string spool() const { return directory / "spool"; }
  [[nodiscard]] std::vector<std::string> told() const { return other->store.told(); }
  [[nodiscard]] RunEvent event(std::size_t index) const {
    return other->store.events().at(index).second;
  }
  [[nodiscard]] bool gone(const Written& run) const {
    return until([&] { return !std::filesystem::exists(run.path); });
  }
};
using Told = std::vector<std::string>;

TEST_CASE_METHOD(SpoolScene, "a run's lines and events arrive in order, and its file goes") {
  Written run(spool());
  run.say("one\ntw");
  run.say("oops\n", FrameKind::err);
  run.say("o\nlast");
  run.end();
  start();
  REQUIRE(gone(run));
  CHECK(told() == Told{"<start>", "one", "oops", "two", "last", "<end>"});
  const auto lines = other->store.lines();
  CHECK(lines[0].source == "run-" + run.run + "/1");
  CHECK(lines[0].tool == "mytool");
  CHECK(lines[0].columns.at("run") == run.run);
  CHECK(lines[0].columns.at("node") == "node7");
  CHECK(lines[0].stream.get("stream") == "stdout");
  CHECK(lines[1].stream.get("stream") == "stderr");
  CHECK(event(1).exit_code == 3);
  CHECK(other->store.undecodable() == 0);
}

TEST_CASE_METHOD(SpoolScene, "a living run is followed line by line") {
  start();
  Written run(spool());
  run.say("one\n");
  REQUIRE(until([&] { return told() == Told{"<start>", "one"}; }));
  run.say("two\n");
  REQUIRE(until([&] { return told() == Told{"<start>", "one", "two"}; }));
  run.end();
  REQUIRE(gone(run));
  CHECK(told().back() == "<end>");
}

TEST_CASE_METHOD(SpoolScene, "a killed wrapper is a run that never ended") {
  start();
  Written run(spool());
  run.say("working\nhalf");
  run.die();
  REQUIRE(gone(run));
  CHECK(told() == Told{"<start>", "working", "half", "<lost>"});
}

TEST_CASE_METHOD(SpoolScene, "a torn or damaged tail ends the run, and is told") {
  const bool damaged = GENERATE(false, true);
  Written run(spool());
  run.say("kept\n");
  run.die();
  append(run.path, damaged ? std::string(64, 'x') : encode_frame_header(FrameKind::out, 1, 50));
  start();
  REQUIRE(gone(run));
  auto expected = Told{"<start>", "kept", "<lost>"};
  if (damaged) expected.insert(expected.end() - 1, "64 bytes of output missing: spool damaged");
  CHECK(told() == expected);
}

TEST_CASE_METHOD(SpoolScene, "an end that found no room for a frame is read from the header") {
  Written run(spool());
  run.say("kept\n");
  run.die();
  RunEvent end;
  end.kind = Kind::end;
  end.run = run.run;
  end.job = "job";
  end.exit_code = 9;
  end.lost_bytes = 77;
  auto last = fields(end);
  last.emplace_back("time_ns", "7000000000");
  const auto words = *encode_last_words(last);
  std::fstream file(run.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(kLastWordsAt);
  file << words << std::flush;
  start();
  REQUIRE(gone(run));
  CHECK(told() == Told{"<start>", "kept", "77 bytes of output missing: spool full", "<end>"});
  CHECK(event(1).exit_code == 9);
  CHECK(event(1).time_ns == 7'000'000'000);
}

TEST_CASE_METHOD(SpoolScene, "a read error ends no run and removes no file") {
  Written run(spool());
  run.say("kept\n");
  run.end();
  failing_reads = 1;
  start();
  REQUIRE(gone(run));
  CHECK(failing_reads == 0);
  CHECK(told() == Told{"<start>", "kept", "<end>"});
}

TEST_CASE_METHOD(SpoolScene, "kill -9 of the collector at any moment loses and doubles nothing") {
  Told expected{"<start>"};
  start();
  Written run(spool());
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 50; ++i) {
      const auto line = std::to_string(round) + "." + std::to_string(i);
      run.say(line + "\n", i % 3 == 0 ? FrameKind::err : FrameKind::out);
      expected.push_back(line);
    }
    other->mute = round % 3 == 1;  // stored, and the answer lost
    REQUIRE(until([&] { return told().size() > static_cast<std::size_t>(round) * 40; }));
    crash();
    other->mute = false;
    start();
  }
  run.end();
  expected.emplace_back("<end>");
  REQUIRE(gone(run));
  CHECK(told() == expected);
}

TEST_CASE_METHOD(SpoolScene, "a store that lost what it had gets it again, or a gap") {
  start();
  Written run(spool());
  run.say("one\ntwo\n");
  REQUIRE(until([&] { return told().size() == 3; }));
  other->store.forget_beyond(0);
  run.say("three\n");
  run.end();
  REQUIRE(gone(run));
  CHECK(told().back() == "<end>");
  CHECK(other->store.gaps() == std::vector<std::string>{"lost"});
}

TEST_CASE_METHOD(SpoolScene, "refused lines become a gap, the run's events stay") {
  other->refuses = [](const Shipment& shipment) {
    return shipment.bytes.find("poison") != std::string::npos;
  };
  Written run(spool());
  run.say("poison\n");
  run.end();
  start();
  REQUIRE(gone(run));
  CHECK(other->store.gaps() == std::vector<std::string>{"refused"});
  const auto all = told();
  CHECK(std::count(all.begin(), all.end(), "<start>") == 1);
  CHECK(all.back() == "<end>");
}

TEST_CASE_METHOD(SpoolScene, "very many runs at once, while the server is away, all arrive") {
  other->away = true;
  options.max_unacked_bytes = 64 << 10;
  start();
  constexpr std::size_t kRuns = 600;
  for (std::size_t i = 0; i < kRuns; ++i) {
    Written run(spool());
    run.say("hello\n");
    run.put(Kind::end);
  }
  other->away = false;
  REQUIRE(
      until([&] { return std::filesystem::is_empty(spool()) || local_runs(spool(), "").empty(); }));
  CHECK(told().size() == 3 * kRuns);
  CHECK(other->most_under_way < 64 * 1024 + 2 * kBatchBytes);
}

TEST_CASE_METHOD(SpoolScene, "one user's many files keep out nobody else's") {
  if (::geteuid() != 0) return;
  constexpr int kNobody = 65'534;
  for (std::size_t i = 0; i < SpoolSource::kMaxFilesOfOne + 10; ++i) {
    const auto path = spool() + "/" + new_run_id() + ".run";
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::fchown(file.get(), kNobody, kNobody) == 0);
  }
  const Redactor redactor;
  SpoolSource source({.directories = {spool()},
                      .node = "node7",
                      .fallback_tool = "bot",
                      .room = [] { return false; },
                      .ship = {}},
                     redactor);
  const auto now = SpoolSource::Clock::now();
  source.look(now);
  CHECK(source.files() == SpoolSource::kMaxFilesOfOne);
  const Written run(spool());
  REQUIRE(run.writer->sync(std::chrono::seconds(10)));
  source.look(now + std::chrono::minutes(1));
  CHECK(source.files() == SpoolSource::kMaxFilesOfOne + 1);
}

TEST_CASE_METHOD(SpoolScene, "hostile files are refused, and the others shipped") {
  const auto secret = directory / "secret";
  write_anew(secret, "secret");
  std::filesystem::create_symlink(secret, spool() + "/aaaaaaaaaaaa.run");
  REQUIRE(::mkfifo((spool() + "/bbbbbbbbbbbb.run").c_str(), 0600) == 0);
  write_anew(spool() + "/cccccccccccc.run",
             encode_header({.fields = {{"run", "other"}}, .last_words = {}}));
  write_anew(spool() + "/dddddddddddd.run", std::string(5'000, '\xff'));
  write_anew(spool() + "/not a run.run", "x");
  std::filesystem::create_directory(spool() + "/eeeeeeeeeeee.run");
  write_anew(spool() + "/ffffffffffff.run",
             encode_header({.fields = {{"run", "ffffffffffff"}}, .last_words = {}}));
  std::filesystem::create_hard_link(spool() + "/ffffffffffff.run", directory / "other-name");
  for (const char* run : {"cccccccccccc", "dddddddddddd", "ffffffffffff"}) {
    ::chmod((spool() + "/" + run + ".run").c_str(), 0600);
  }
  Written run(spool());
  run.end();
  start();
  REQUIRE(gone(run));
  CHECK(told() == Told{"<start>", "<end>"});
  CHECK(std::filesystem::exists(spool() + "/cccccccccccc.run"));
  CHECK(std::filesystem::exists(secret));
}

TEST_CASE_METHOD(SpoolScene, "events of another run or job are made this run's") {
  Written run(spool());
  RunEvent foreign;
  foreign.kind = Kind::sample;
  foreign.time_ns = 5;
  foreign.run = "zzzzzzzzzzzz";
  foreign.job = "theirs";
  run.writer->event(foreign);
  foreign.kind = Kind::check;
  run.writer->event(foreign);
  run.end();
  start();
  REQUIRE(gone(run));
  CHECK(told() == Told{"<start>", "<sample>", "<end>"});
  CHECK(event(1).run == run.run);
  CHECK(event(1).job == "job");
}

TEST_CASE_METHOD(SpoolScene, "secrets in lines and commands do not leave the node") {
  Written run(spool());
  RunEvent second;
  second.kind = Kind::start;
  second.run = run.run;
  second.job = "job";
  second.command = "curl http://user:hunter2secret@example.org/ 203.0.113.77";
  run.writer->event(second);
  run.say("from 203.0.113.77\n");
  run.end();
  start();
  REQUIRE(gone(run));
  CHECK(told()[2].find("203.0.113.77") == std::string::npos);
  CHECK(event(1).command.find("203.0.113.77") == std::string::npos);
  CHECK(event(1).command.find("hunter2secret") == std::string::npos);
}

TEST_CASE_METHOD(SpoolScene, "a collector answers wrappers with the tool of their user") {
  CHECK_FALSE(Hello(spool(), "mytool").answer(std::chrono::seconds(1)));
  start();
  // Who runs the collector may choose.
  CHECK(Hello(spool(), "mytool").answer(std::chrono::seconds(10)) == "mytool");
  CHECK(Hello(spool(), "").answer(std::chrono::seconds(10)) == "local");
  crash();
  CHECK(std::filesystem::exists(socket_path(spool())));
  CHECK_FALSE(Hello(spool(), "mytool").answer(std::chrono::seconds(1)));
  start();
  CHECK(Hello(spool(), "mytool").answer(std::chrono::seconds(10)) == "mytool");
  stop();
  CHECK_FALSE(std::filesystem::exists(socket_path(spool())));
  CHECK_FALSE(Hello(spool(), "mytool").answer(std::chrono::seconds(1)));
}

TEST_CASE_METHOD(SpoolScene, "a sender ships what lies there and ends") {
  Written run(spool());
  run.say("hello\n");
  run.end();
  CHECK(local_runs(spool(), "job") == std::vector<std::string>{run.run});
  CHECK(local_runs(spool(), "another").empty());
  FakeShipper shipper(other);
  const SpoolSenderOptions sending{.spool = spool(),
                                   .target = {},
                                   .tool = "t",
                                   .node = "n",
                                   .idle = std::chrono::milliseconds(0)};
  REQUIRE(send_spool(sending, shipper, {}));
  CHECK(told() == Told{"<start>", "hello", "<end>"});
  CHECK(local_runs(spool(), "").empty());
}

TEST_CASE_METHOD(SpoolScene, "a file no shipper takes for a run's is waited for by nobody") {
  const auto stray = spool() + "/not a run.run";
  write_anew(stray, encode_header({.fields = {{"run", "not a run"}}, .last_words = {}}));
  ::chmod(stray.c_str(), 0600);
  CHECK(local_runs(spool(), "").empty());
}

TEST_CASE_METHOD(SpoolScene, "a sender ends after its longest life, whatever is left") {
  Written run(spool());
  run.end();
  const SpoolSenderOptions sending{.spool = spool(),
                                   .target = {.url = "http://127.0.0.1:1"},
                                   .tool = "t",
                                   .node = "n",
                                   .longest_life = std::chrono::milliseconds(0)};
  REQUIRE(send_spool(sending, {}));
  CHECK(local_runs(spool(), "") == std::vector<std::string>{run.run});
}

}  // namespace
}  // namespace logboom::collector
