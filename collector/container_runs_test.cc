#include "collector/container_runs.h"

#include <sys/inotify.h>

#include <catch2/catch.hpp>

#include "collector/descriptor.h"
#include "collector/pod_logs.h"
#include "collector/test_support.h"

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

// No part of the name of a control group that this test may itself run in, as a few hex digits are.
constexpr auto kContainer = "container-of-the-test";

// Log files of one container, a fake /proc with its conmon, and what is emitted.
struct Node {
  TempDirectory directory;
  std::map<std::uint64_t, std::unique_ptr<Source>> sources;
  std::vector<std::pair<std::string, RunEvent>> emitted;
  std::unique_ptr<ContainerRuns> runs;
  bool full = false;      // nothing is taken
  std::size_t asked = 0;  // how often to take something
  Clock::time_point now = Clock::now();
  std::string folder = directory / "pods/tool-bot_report-28461230-x2x4z_u1/main";

  Node() {
    for (const char* path : {"exits", "proc", "bundle"}) {
      std::filesystem::create_directories(directory / path);
    }
    std::filesystem::create_directories(folder);
    start();
  }
  void start() {
    emitted.clear();
    runs = std::make_unique<ContainerRuns>(
        ContainerRuns::Settings{.state_file = directory / "state",
                                .node = "node7",
                                .proc = directory / "proc",
                                .exit_directories = {directory / "exits"},
                                .find =
                                    [this](std::uint64_t number) {
                                      const auto found = sources.find(number);
                                      return found == sources.end() ? nullptr : found->second.get();
                                    },
                                .emit =
                                    [this](const std::string& tool, RunEvent event) {
                                      ++asked;
                                      if (!full) emitted.emplace_back(tool, std::move(event));
                                      return !full;
                                    }});
  }
  [[nodiscard]] std::string log(int instance) const {
    return folder + "/" + std::to_string(instance) + ".log";
  }
  Source& source(int instance, std::uint64_t acked = 0) {
    auto owned = std::make_unique<Source>();
    auto& made = *owned;
    append(log(instance), "");
    made.saved.number = sources.size() + 1;
    made.saved.path = made.saved.origin_path = log(instance);
    made.saved.identity = look_at(log(instance))->identity;
    made.saved.identity.birth_ns = 1'000;
    made.saved.mark.acked = acked;
    made.id = "node7-1/" + std::to_string(made.saved.number);
    made.origin = pod_origin(log(instance), "node7", "local");
    sources[made.saved.number] = std::move(owned);
    runs->added(made);
    return made;
  }
  void conmon(int instance, const std::string& container = kContainer) {
    std::filesystem::create_directories(directory / "proc/17");
    write_anew(directory / "proc/17/comm", "conmon\n");
    std::string words;
    for (const auto& word :
         {std::string("conmon"), std::string("-c"), container, std::string("-l"),
          "k8s-file:" + log(instance), std::string("--exit-dir"), directory / "exits",
          std::string("-b"), directory / "bundle", std::string("-p"), directory / "pidfile"}) {
      words += word + std::string(1, '\0');
    }
    write_anew(directory / "proc/17/cmdline", words);
  }
  void conmon_ends() { std::filesystem::remove_all(directory / "proc/17"); }
  void exit(const std::string& code, const std::string& container = kContainer) {
    write_anew(directory / ("exits/." + container), code);
    std::filesystem::rename(directory / ("exits/." + container),
                            directory / ("exits/" + container));
  }
  void look(int seconds = 6) {
    for (int i = 0; i < seconds; ++i) runs->look(now += std::chrono::seconds(1));
  }
  [[nodiscard]] std::vector<RunEvent> of(Kind kind) const {
    std::vector<RunEvent> found;
    for (const auto& [tool, event] : emitted) {
      CHECK(tool == "bot");
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
};

// How often a file or directory is opened.
class Opens {
 public:
  explicit Opens(const std::string& path) : watch_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    // Closings as well, since the kernel makes one of two events that are the same.
    REQUIRE(::inotify_add_watch(watch_.get(), path.c_str(), IN_OPEN | IN_CLOSE_NOWRITE) >= 0);
  }
  std::size_t count() {
    std::size_t opens = 0;
    alignas(inotify_event) std::array<char, 65536> bytes{};
    for (ssize_t got = 0; (got = ::read(watch_.get(), bytes.data(), bytes.size())) > 0;) {
      for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
        const auto* const event = reinterpret_cast<const inotify_event*>(&bytes[at]);
        at += sizeof *event + event->len;
        if ((event->mask & IN_OPEN) != 0 && event->len == 0) ++opens;
      }
    }
    return opens;
  }

 private:
  Descriptor watch_;
};

TEST_CASE("a log's path names the run, the same for its rotated files") {
  const auto id = run_id_of_instance("/p/ns_pod_uid/main/3.log");
  CHECK(valid_run_id(id));
  CHECK(run_id_of_instance("/q/ns_pod_uid/main/3.log.20260131-120000") == id);
  CHECK(run_id_of_instance("/p/ns_pod_uid/main/4.log") != id);
  CHECK(run_id_of_instance("/p/ns_pod_uid/other/3.log") != id);
  CHECK(run_id_of_instance("/p/ns_pod_other/main/3.log") != id);
  CHECK(run_id_of_instance("/p/ns_pod_uid/main/x.log").empty());
  CHECK(instance_of("/p/ns_pod_uid/main/12.log.2026") == 12);
  CHECK(instance_of("/p/ns_pod_uid/main/12.txt") == -1);
}

TEST_CASE("an instance is a run from its log file to what its runtime says") {
  Node node;
  write_anew(node.directory / "bundle/config.json", R"({"process":{"args":["./report","-v"]}})");
  auto& source = node.source(0);
  node.conmon(0);
  node.look();
  REQUIRE_FALSE(node.of(Kind::start).empty());
  const auto start = node.of(Kind::start).back();
  CHECK(start.run == run_id_of_instance(node.log(0)));
  CHECK(start.job == "report");
  CHECK(start.pod == "report-28461230-x2x4z");
  CHECK(start.container == "main");
  CHECK(start.trigger == "container");
  CHECK(start.command == "./report -v");
  CHECK(start.time_ns == 1'000);
  CHECK(node.of(Kind::end).empty());
  REQUIRE(source.output);
  source.output->line(5'000'000);
  source.output->line(9'000'000);
  source.output->positions[source.id] = 77;
  node.exit("3");
  node.look(1);
  REQUIRE(node.of(Kind::end).size() == 1);
  const auto end = node.of(Kind::end).front();
  CHECK(end.run == start.run);
  CHECK(end.exit_code == 3);
  CHECK(end.signal == -1);
  CHECK(end.lines == 2);
  CHECK(end.max_quiet_ms == 4);
  CHECK(end.sources == std::vector<std::pair<std::string, std::uint64_t>>{{source.id, 77}});
  node.look();
  CHECK(node.of(Kind::end).size() == 1);
}

TEST_CASE("codes above 128 are signals, and a file named oom is a kill for memory") {
  auto [code, oom, signal, reason] = GENERATE(table<std::string, bool, std::int64_t, std::string>({
      {"0", false, -1, ""},
      {"143", false, 15, ""},
      {"137", false, 9, ""},
      {"137", true, 9, "OOMKilled"},
      {"1", true, -1, ""},
      {"255", false, -1, ""},
  }));
  Node node;
  node.source(0);
  node.conmon(0);
  node.look();
  if (oom) write_anew(node.directory / "bundle/oom", "");
  node.exit(code);
  node.look(1);
  REQUIRE(node.of(Kind::end).size() == 1);
  const auto end = node.of(Kind::end).front();
  CHECK(std::to_string(end.exit_code) == code);
  CHECK(end.signal == signal);
  CHECK(end.reason == reason);
  CHECK((end.oom_kills > 0) == oom);
}

TEST_CASE("an exit that comes before its conmon was found counts") {
  Node node;
  node.look(1);
  node.exit("4");
  node.look(1);
  std::filesystem::remove(node.directory / ("exits/" + std::string(kContainer)));
  node.source(0);
  node.conmon(0);
  node.look(1);
  REQUIRE(node.of(Kind::end).size() == 1);
  CHECK(node.of(Kind::end).front().exit_code == 4);
}

TEST_CASE("a conmon that settles under another pid is still its container's") {
  Node node;
  node.source(0);
  node.conmon(0);
  node.look(1);
  std::filesystem::rename(node.directory / "proc/17", node.directory / "proc/18");
  node.look();
  CHECK(node.of(Kind::end).empty());
  node.exit("3");
  node.look(1);
  CHECK(node.of(Kind::end).size() == 1);
}

TEST_CASE("an end waits until the output has been read, but not for ever") {
  Node node;
  auto& source = node.source(0);
  node.conmon(0);
  node.look();
  append(node.log(0), "0123456789");
  node.exit("0");
  node.look(2);
  CHECK(node.of(Kind::end).empty());
  SECTION("read") {
    source.offset = 10;
    node.look(1);
    CHECK(node.of(Kind::end).size() == 1);
  }
  SECTION("never read") {
    node.look(10);
    CHECK(node.of(Kind::end).size() == 1);
  }
}

TEST_CASE("without a runtime's word the next instance, or the folder's end, ends a run") {
  Node node;
  node.source(0);
  node.look();
  CHECK(node.of(Kind::end).empty());
  SECTION("the next instance") { node.source(1); }
  SECTION("the folder's end") { std::filesystem::remove_all(node.folder); }
  node.look();
  const auto ends = node.of(Kind::end);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].run == run_id_of_instance(node.log(0)));
  CHECK(ends[0].exit_code == -1);
  CHECK(ends[0].message.starts_with("its end was not seen"));
}

TEST_CASE("a run outlives its collector") {
  Node node;
  node.source(0);
  node.conmon(0);
  node.look();
  node.sources.clear();
  SECTION("and ends under the next") {
    node.start();
    node.source(0, 5);
    node.look();
    CHECK(node.of(Kind::start).size() == 1);
    CHECK(node.of(Kind::end).empty());
    node.exit("3");
    node.look(1);
    REQUIRE(node.of(Kind::end).size() == 1);
    CHECK(node.of(Kind::end)[0].exit_code == 3);
    CHECK(node.of(Kind::end)[0].lines == -1);
    CHECK(node.of(Kind::end)[0].sources.front().second == 5);
  }
  SECTION("and ended meanwhile, its exit file still there") {
    node.runs.reset();
    node.exit("3");
    node.conmon_ends();
    node.start();
    node.source(0);
    node.look();
    REQUIRE(node.of(Kind::end).size() == 1);
    CHECK(node.of(Kind::end)[0].exit_code == 3);
  }
  SECTION("and ended meanwhile without a trace") {
    node.runs.reset();
    node.conmon_ends();
    node.start();
    node.source(0);
    node.look();
    REQUIRE(node.of(Kind::end).size() == 1);
    CHECK(node.of(Kind::end)[0].exit_code == -1);
  }
}

TEST_CASE("an end is emitted again until it is acknowledged, and never after") {
  Node node;
  node.source(0);
  node.conmon(0);
  node.look();
  node.exit("3");
  node.look();
  node.sources.clear();
  node.start();
  node.source(0);
  node.look();
  REQUIRE(node.of(Kind::end).size() == 1);
  CHECK(node.of(Kind::end)[0].exit_code == 3);
  node.runs->settled({run_id_of_instance(node.log(0))});
  node.look();
  node.conmon_ends();
  node.sources.clear();
  node.start();
  node.source(0);
  node.look();
  CHECK(node.emitted.empty());
  std::filesystem::remove_all(node.folder);
  node.look(30);
  CHECK(node.emitted.empty());
}

TEST_CASE("a start and an end that find the queue full are told once there is room") {
  Node node;
  node.full = true;
  node.source(0);
  node.conmon(0);
  node.look();
  node.exit("3");
  node.look();
  CHECK(node.emitted.empty());
  node.asked = 0;
  node.look(1);
  CHECK(node.asked == 1);  // what comes behind the first waits with it
  node.full = false;
  node.look();
  CHECK_FALSE(node.of(Kind::start).empty());
  REQUIRE(node.of(Kind::end).size() == 1);
  CHECK(node.of(Kind::end)[0].exit_code == 3);
  CHECK(node.emitted.back().second.kind == Kind::end);
}

TEST_CASE("a container without a control group of its own is not asked at every turn") {
  Node node;
  write_anew(node.directory / "pidfile", std::to_string(::getpid()));
  node.source(0);
  node.conmon(0);
  node.look(1);
  Opens opens(node.directory / "pidfile");
  for (int i = 0; i < 100; ++i) node.runs->look(node.now += std::chrono::milliseconds(50));
  const auto asked = opens.count();
  CHECK(asked >= 1);
  CHECK(asked < 10);
}

TEST_CASE("where no conmon is, all processes are looked through ever more rarely") {
  Node node;
  node.source(0);
  Opens opens(node.directory / "proc");
  node.look(10);
  CHECK(opens.count() >= 5);
  node.look(3'600);
  CHECK(opens.count() < 60);
  node.source(1);
  node.look(2);
  CHECK(opens.count() >= 1);
}

TEST_CASE("a collector tells of a pod's runs beside its lines") {
  Scene scene;
  const auto folder = scene.directory / "pods/tool-bot_web-0_u9/app";
  std::filesystem::create_directories(folder);
  scene.start();
  append(folder + "/0.log", "2026-01-31T12:00:00.000000000Z stdout F one\n");
  REQUIRE(scene.stored(1));
  append(folder + "/1.log", "2026-01-31T12:00:01.000000000Z stdout F two\n");
  REQUIRE(until([&] {
    for (const auto& [tool, event] : scene.other->store.events()) {
      if (event.kind == Kind::end) return true;
    }
    return false;
  }));
  const auto id = run_id_of_instance(folder + "/0.log");
  CHECK(scene.other->store.lines().front().columns.at("run") == id);
  for (const auto& [tool, event] : scene.other->store.events()) {
    CHECK(tool == "bot");
    if (event.kind != Kind::end) continue;
    CHECK(event.run == id);
    REQUIRE(event.sources.size() == 1);
    CHECK(event.sources[0].first == scene.other->store.lines().front().source);
    CHECK(event.sources[0].second == scene.other->store.lines().front().position);
    CHECK(event.lines == 1);
  }
  CHECK(scene.other->store.undecodable() == 0);
  scene.stop();
}

}  // namespace
}  // namespace logboom::collector
