// What happens to files while a collector follows them. The store's twin tells what arrived.
#include "collector/collector.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "collector/test_support.h"
#include "core/metrics.h"

namespace logboom::collector {
namespace {

namespace fs = std::filesystem;

const std::string kTime = "2026-01-31T12:00:00.5Z ";

TEST_CASE("lines of a plain file arrive with their names, redacted and with their level") {
  Scene scene;
  append(scene.log("nightly.log"), "ERROR cannot reach 192.0.2.7\r\n" + kTime + "fine\nunfinished");
  scene.start();
  REQUIRE(scene.stored(2));
  const auto lines = scene.other->store.lines();
  CHECK(lines[0].body == "ERROR cannot reach <ip>");
  CHECK(lines[0].level == Level::error);
  CHECK(lines[0].tool == "bot");
  CHECK(lines[0].stream.text() == R"({job="nightly"})");
  CHECK(lines[0].columns == std::map<std::string, std::string>{
                                {"node", "node7"}, {"filename", scene.log("nightly.log")}});
  CHECK(lines[0].position == 30);
  CHECK(lines[1].time_ns == 1'769'860'800'500'000'000);
  append(scene.log("nightly.log"), " no more\n");
  REQUIRE(scene.stored(3));
  CHECK(scene.bodies()[2] == "unfinished no more");
  CHECK(scene.other->store.undecodable() == 0);
}

TEST_CASE("a pod's log is followed from a root that does not exist yet") {
  Scene scene;
  scene.start();
  const auto container = scene.directory / "pods/tool-bot_web-6d4cf56db6-x7k2p_1b2c/app";
  fs::create_directories(container);
  append(container + "/0.log", kTime + "stdout P first \n" + kTime + "stderr F other\n" + kTime +
                                   "stdout F half\n" + "no record\n");
  REQUIRE(scene.stored(3));
  const auto lines = scene.other->store.lines();
  CHECK(scene.bodies() == std::vector<std::string>{"other", "first half", "no record"});
  CHECK(lines[0].stream.get("stream") == "stderr");
  CHECK(lines[1].stream.get("job") == "web");
  CHECK(lines[1].columns.at("pod") == "web-6d4cf56db6-x7k2p");
  CHECK(lines[2].metadata == std::map<std::string, std::string>{{"malformed", "cri"}});
}

TEST_CASE("a container's last words without a newline are not kept back, and it may go on") {
  Scene scene;
  scene.options.piece_grace = std::chrono::milliseconds(50);
  const auto container = scene.directory / "pods/tool-bot_web-6d4cf56db6-x7k2p_1b2c/app";
  fs::create_directories(container);
  append(container + "/0.log",
         kTime + "stdout F line\n" + kTime + "stderr P Pass" + "\n" + kTime + "stderr P word: \n");
  scene.start();
  REQUIRE(scene.stored(2));
  scene.stop();
  scene.start();
  append(container + "/0.log", kTime + "stdout F it went on\n" + kTime + "stderr F and here\n");
  REQUIRE(scene.stored(4));
  CHECK(scene.bodies() == std::vector<std::string>{"line", "Password: ", "it went on", "and here"});
  CHECK(scene.other->store.gaps().empty());
}

TEST_CASE("a file renamed while it is written is read to its end, and its successor too") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path, numbered("line", 0, 10));
  scene.start();
  REQUIRE(scene.stored(10));
  {
    std::ofstream writer(path, std::ios::app);
    int next = 10;
    for (int rotation = 1; rotation <= 5; ++rotation) {
      writer << numbered("line", next, next + 100) << std::flush;
      next += 100;
      for (int i = rotation; i > 1; --i) {
        fs::rename(path + "." + std::to_string(i - 1), path + "." + std::to_string(i));
      }
      fs::rename(path, path + ".1");
      writer << numbered("line", next, next + 100) << std::flush;
      next += 100;
      writer.close();
      writer.open(path, std::ios::app);
    }
    writer << numbered("line", next, next + 10) << std::flush;
  }
  REQUIRE(scene.stored(1020));
  auto bodies = scene.bodies();
  CHECK(bodies.size() == 1020);
  std::ranges::sort(bodies);
  auto expected = expected_lines("line", 0, 1020);
  std::ranges::sort(expected);
  CHECK(bodies == expected);
  CHECK(scene.other->store.gaps().empty());
}

TEST_CASE("a rotated file is read to its end before its successor begins") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path, numbered("line", 0, 10));
  scene.start();
  REQUIRE(scene.stored(10));
  scene.stop();
  // Enough for several turns of reading, so that the successor has every chance to overtake.
  append(path, numbered("line", 10, 200'000));
  fs::rename(path, path + ".1");
  append(path, numbered("line", 200'000, 200'100));
  scene.start();
  REQUIRE(scene.stored(200'100));
  CHECK(scene.bodies() == expected_lines("line", 0, 200'100));
}

TEST_CASE("a file cut short is a new source, and the cut is told in the old one") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path, numbered("before", 0, 5));
  scene.start();
  REQUIRE(scene.stored(5));
  fs::resize_file(path, 0);
  append(path, "after\n");
  REQUIRE(scene.stored(6));
  REQUIRE(until([&] { return !scene.other->store.gaps().empty(); }));
  CHECK(scene.other->store.gaps() == std::vector<std::string>{"truncated"});
  const auto lines = scene.other->store.lines();
  const auto gap =
      std::ranges::find_if(lines, [](const auto& line) { return line.metadata.contains("gap"); });
  CHECK(gap->source == lines[0].source);
  CHECK(gap->level == Level::warn);
  CHECK(gap->body.starts_with("gap: "));
  CHECK(gap->body.find("was truncated") != std::string::npos);
  CHECK(std::ranges::find(lines, "after", &StoredLine::body)->source != lines[0].source);
}

TEST_CASE("a file written anew with the same first lines is not taken for seen") {
  Scene scene;
  const auto path = scene.log("app.log");
  const auto start = numbered("start", 0, 100);  // more than the head's fingerprint covers
  append(path, start + numbered("old", 0, 50));
  scene.start();
  REQUIRE(scene.stored(150));
  const bool while_running = GENERATE(true, false);
  if (!while_running) scene.stop();
  write_anew(path, start + numbered("new", 0, 80));
  if (!while_running) scene.start();
  REQUIRE(scene.stored(150 + 180));
  const auto bodies = scene.bodies();
  const std::set<std::string> arrived(bodies.begin(), bodies.end());
  CHECK(arrived.contains("new 0"));
  CHECK(arrived.contains("new 79"));
  CHECK(bodies.size() == 330);
  CHECK(scene.other->store.gaps().size() == 1);
}

TEST_CASE("a file with another's inode is not taken for it") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path, numbered("old", 0, 50));
  scene.start();
  REQUIRE(scene.stored(50));
  scene.stop();
  // Freed inodes are handed out again at once on most file systems; the test holds either way.
  fs::remove(path);
  append(path, numbered("new", 0, 60));
  scene.start();
  REQUIRE(scene.stored(110));
  scene.stop();
  CHECK(scene.bodies().size() == 110);
}

TEST_CASE("a deleted file is read to its end, its unfinished line too") {
  Scene scene;
  scene.other->away = true;
  scene.options.max_unacked_bytes = 1;  // reading stops after one turn
  const auto path = scene.log("app.log");
  const auto text = numbered("some words to fill the file", 0, 60'000);
  append(path, text + "unfinished");
  scene.start();
  REQUIRE(until([&] { return scene.other->under_way > 0; }));
  fs::remove(path);
  scene.other->away = false;
  REQUIRE(scene.stored(60'001));
  auto expected = expected_lines("some words to fill the file", 0, 60'000);
  expected.emplace_back("unfinished");
  CHECK(scene.bodies() == expected);
  CHECK(scene.other->store.gaps().empty());
}

TEST_CASE("a deleted file is followed as long as somebody writes to it") {
  Scene scene;
  const auto path = scene.log("app.log");
  std::ofstream writer(path, std::ios::app);
  writer << numbered("line", 0, 10) << std::flush;
  scene.start();
  REQUIRE(scene.stored(10));
  fs::remove(path);
  // A file that is let go at once marks the time in which this one would be, too.
  const auto other = scene.log("other.log");
  append(other, "other\n");
  REQUIRE(scene.stored(11));
  fs::remove(other);
  const auto& open_files = metrics::gauge("logboom_collector_open_files", "");
  REQUIRE(until([&] { return open_files.value() == 1; }));
  writer << numbered("line", 10, 20) << std::flush;
  REQUIRE(scene.stored(21));
  writer.close();
  CHECK(until([&] { return open_files.value() == 0; }));
}

TEST_CASE("files that appear and vanish at once are read if they could be opened") {
  Scene scene;
  scene.start();
  append(scene.log("first.log"), "first\n");
  REQUIRE(scene.stored(1));
  for (int i = 0; i < 20; ++i) {
    const auto path = scene.log("short" + std::to_string(i) + ".log");
    std::ofstream writer(path);
    writer << "a line of " << i << "\n" << std::flush;
    REQUIRE(scene.stored(static_cast<std::size_t>(i) + 2));
    fs::remove(path);
  }
  CHECK(scene.bodies().size() == 21);
}

TEST_CASE("what is no readable file is passed over until it is one") {
  Scene scene;
  fs::create_directories(scene.log("folder.log"));
  fs::create_symlink(scene.log("b.log"), scene.log("a.log"));
  fs::create_symlink(scene.log("a.log"), scene.log("b.log"));
  fs::create_symlink(scene.directory / "nowhere", scene.log("dangling.log"));
  REQUIRE(::mkfifo(scene.log("pipe.log").c_str(), 0600) == 0);
  append(scene.log("old.log.gz"), "compressed");
  append(scene.log("good.log"), "good\n");
  scene.start();
  REQUIRE(scene.stored(1));
  fs::remove(scene.log("folder.log"));
  append(scene.log("folder.log"), "a file now\n");
  append(scene.directory / "nowhere", "behind a link\n");
  REQUIRE(scene.stored(3));
  append(scene.directory / "nowhere", "and more\n");
  REQUIRE(scene.stored(4));
}

TEST_CASE("long lines, garbage and NULs pass, cut and marked where they must be") {
  Scene scene;
  std::string garbage;
  for (int i = 0; i < 256; ++i) {
    if (i != '\n') garbage += static_cast<char>(i);
  }
  append(scene.log("app.log"), std::string(10 << 20, 'x') + "\n" + garbage + "\nend\n");
  scene.start();
  REQUIRE(scene.stored(3));
  const auto lines = scene.other->store.lines();
  CHECK(lines[0].body == std::string(kMaxLine, 'x'));
  CHECK(lines[0].metadata.at("truncated") == std::to_string(10 << 20));
  CHECK(lines[0].position == (10 << 20) + 1);
  CHECK(lines[1].body == garbage);
  CHECK(lines[2].body == "end");
}

TEST_CASE("while the other side is away memory is bounded, and everything comes later") {
  Scene scene;
  scene.other->away = true;
  scene.options.max_unacked_bytes = 1 << 20;
  for (int file = 0; file < 8; ++file) {
    append(scene.log(std::to_string(file) + ".log"),
           numbered("file " + std::to_string(file), 0, 60'000));
  }
  scene.start();
  REQUIRE(until([&] { return scene.other->under_way >= scene.options.max_unacked_bytes; }));
  scene.other->away = false;
  REQUIRE(scene.stored(480'000));
  CHECK(scene.other->most_under_way < scene.options.max_unacked_bytes + (2 << 20));
  std::map<std::string, std::vector<std::string>> by_source;
  for (const auto& line : scene.other->store.lines()) by_source[line.source].push_back(line.body);
  CHECK(by_source.size() == 8);
  for (const auto& [source, bodies] : by_source) {
    CHECK(bodies == expected_lines(bodies[0].substr(0, 6), 0, 60'000));
  }
}

TEST_CASE("a store that lost lines gets them again") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path, numbered("line", 0, 1000));
  scene.start();
  REQUIRE(scene.stored(1000));
  scene.other->store.forget_beyond(470);  // behind line 59
  append(path, numbered("line", 1000, 1010));
  REQUIRE(scene.stored(1010));
  CHECK(scene.bodies() == expected_lines("line", 0, 1010));
  CHECK(scene.other->store.gaps().empty());
}

TEST_CASE("a store that lost pieces of container lines gets them again") {
  Scene scene;
  const auto container = scene.directory / "pods/ns_pod_uid/app";
  fs::create_directories(container);
  const auto path = container + "/0.log";
  append(path, kTime + "stdout F one\n" + kTime + "stderr P x\n" + kTime + "stdout F two\n" +
                   kTime + "stderr F y\n");
  scene.start();
  REQUIRE(scene.stored(3));
  scene.other->store.forget_beyond(kTime.size() + 13);
  append(path, kTime + "stdout F three\n");
  REQUIRE(scene.stored(4));
  CHECK(scene.bodies() == std::vector<std::string>{"one", "two", "xy", "three"});
}

TEST_CASE("a refused batch is dropped visibly, and its neighbours are not") {
  Scene scene;
  scene.other->refuses = [](const Shipment& shipment) {
    return shipment.bytes.find("poison") != std::string::npos;
  };
  append(scene.log("bad.log"), "one\n");
  append(scene.log("good.log"), "good\n");
  scene.start();
  REQUIRE(scene.stored(2));
  append(scene.log("bad.log"), "poison\n");
  REQUIRE(until([&] { return !scene.other->store.gaps().empty(); }));
  append(scene.log("bad.log"), "three\n");
  REQUIRE(scene.stored(3));
  CHECK(scene.other->store.gaps() == std::vector<std::string>{"refused"});
  CHECK(scene.bodies().back() == "three");
}

TEST_CASE("more files than may be open are all followed") {
  Scene scene;
  scene.options.max_open_files = 4;
  for (int i = 0; i < 20; ++i) append(scene.log(std::to_string(i) + ".log"), "first\n");
  scene.start();
  REQUIRE(scene.stored(20));
  for (int i = 0; i < 20; ++i) append(scene.log(std::to_string(i) + ".log"), "second\n");
  REQUIRE(scene.stored(40));
  CHECK(scene.other->store.gaps().empty());
  CHECK(scene.bodies().size() == 40);
}

TEST_CASE("a rotated file's last words are taken once its successor is there") {
  Scene scene;
  const auto container = scene.directory / "pods/ns_pod_uid/app";
  fs::create_directories(container);
  append(container + "/0.log", kTime + "stdout F one\n" + kTime + "stdout P half\n");
  scene.start();
  REQUIRE(scene.stored(1));
  fs::rename(container + "/0.log", container + "/0.log.20260131-120000");
  append(container + "/0.log", kTime + "stdout F two\n");
  REQUIRE(scene.stored(3));
  auto bodies = scene.bodies();
  std::ranges::sort(bodies);
  CHECK(bodies == std::vector<std::string>{"half", "one", "two"});
}

TEST_CASE("wrong options are refused with their remedy") {
  Options options;
  options.server_url = "http://127.0.0.1:1";
  CHECK(Collector::start(options).error().code == Errc::invalid);
  const TempDirectory directory;
  options.state_directory = directory / "state";
  options.files = {{.glob = "relative/*.log", .tool = "", .job = ""}};
  CHECK(Collector::start(options).error().message.find("not an absolute path") !=
        std::string::npos);
  options.files = {{.glob = "/x", .tool = "../x", .job = ""}};
  CHECK(Collector::start(options).error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::collector
