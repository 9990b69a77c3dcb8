// Collectors that stop, crash and start again: every line once, in order per source.
#include <algorithm>
#include <iterator>
#include <map>
#include <random>

#include "collector/test_support.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

namespace fs = std::filesystem;

// Every body once, and positions rising within each source.
void check_once_and_in_order(const Scene& scene, std::vector<std::string> expected) {
  std::map<std::string, std::uint64_t> last;
  bool ordered = true;
  for (const auto& line : scene.other->store.lines()) {
    ordered = ordered && line.position > last[line.source];
    last[line.source] = line.position;
  }
  CHECK(ordered);
  auto bodies = scene.bodies();
  std::ranges::sort(bodies);
  std::ranges::sort(expected);
  std::vector<std::string> missing, surplus;
  std::ranges::set_difference(expected, bodies, std::back_inserter(missing));
  std::ranges::set_difference(bodies, expected, std::back_inserter(surplus));
  CHECK(missing == std::vector<std::string>{});
  CHECK(surplus == std::vector<std::string>{});
  CHECK(scene.other->store.undecodable() == 0);
}

TEST_CASE("after an orderly stop nothing is read twice") {
  Scene scene;
  append(scene.log("app.log"), numbered("line", 0, 100));
  scene.start();
  REQUIRE(scene.stored(100));
  scene.stop();
  append(scene.log("app.log"), numbered("line", 100, 200));
  scene.start();
  REQUIRE(scene.stored(200));
  scene.stop();
  check_once_and_in_order(scene, expected_lines("line", 0, 200));
}

TEST_CASE("answers lost in a crash make no line come twice") {
  Scene scene;
  scene.other->mute = true;
  append(scene.log("app.log"), numbered("line", 0, 1000));
  scene.start();
  REQUIRE(scene.stored(1000));
  scene.crash();
  scene.other->mute = false;
  append(scene.log("app.log"), numbered("line", 1000, 1010));
  scene.start();
  REQUIRE(scene.stored(1010));
  scene.stop();
  check_once_and_in_order(scene, expected_lines("line", 0, 1010));
}

TEST_CASE("a file rotated while no collector ran is found under its new name") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path, numbered("old", 0, 100));
  scene.start();
  REQUIRE(scene.stored(100));
  scene.stop();
  append(path, numbered("old", 100, 150));
  fs::rename(path, path + ".1");
  append(path, numbered("new", 0, 10));
  scene.start();
  REQUIRE(scene.stored(160));
  scene.stop();
  auto expected = expected_lines("old", 0, 150);
  for (const auto& line : expected_lines("new", 0, 10)) expected.push_back(line);
  check_once_and_in_order(scene, expected);
  CHECK(scene.other->store.gaps().empty());
}

TEST_CASE(
    "a file made and rotated away while no collector ran is read, copies and old ones are not") {
  Scene scene;
  const auto path = scene.log("app.log");
  append(path + ".9", "was there before anybody asked\n");
  // Births are stamped with the kernel's coarse clock: let it get clear of the first look.
  const auto born = now_ns();
  REQUIRE(until([&] { return now_ns() - born > 20'000'000; }));
  append(path, numbered("first", 0, 100));
  scene.start();
  REQUIRE(scene.stored(100));
  scene.stop();
  fs::copy_file(path, path + ".3");
  fs::rename(path, path + ".2");
  append(path, numbered("second", 0, 50));
  fs::rename(path, path + ".1");
  append(path, numbered("third", 0, 10));
  scene.start();
  REQUIRE(scene.stored(160));
  scene.stop();
  auto expected = expected_lines("first", 0, 100);
  for (const auto& line : expected_lines("second", 0, 50)) expected.push_back(line);
  for (const auto& line : expected_lines("third", 0, 10)) expected.push_back(line);
  check_once_and_in_order(scene, expected);
  for (const auto& line : scene.other->store.lines()) {
    CHECK(line.columns.at("filename") == path);
  }
}

TEST_CASE("a file gone while no collector ran is told when it had unread bytes") {
  Scene scene;
  scene.other->away = true;
  scene.options.stop_timeout = std::chrono::milliseconds(0);
  append(scene.log("app.log"), numbered("line", 0, 100));
  append(scene.log("other.log"), "other\n");
  scene.start();
  REQUIRE(until([&] { return scene.other->under_way > 0; }));
  scene.stop();
  scene.other->under_way = 0;
  fs::remove(scene.log("app.log"));
  scene.other->away = false;
  scene.start();
  REQUIRE(until([&] { return !scene.other->store.gaps().empty(); }));
  REQUIRE(scene.stored(1));
  scene.stop();
  CHECK(scene.other->store.gaps() == std::vector<std::string>{"rotated"});
  CHECK(scene.bodies() == std::vector<std::string>{"other"});
  // Told once, also by the next one to start.
  scene.start();
  append(scene.log("other.log"), "more\n");
  REQUIRE(scene.stored(2));
  scene.stop();
  CHECK(scene.other->store.gaps().size() == 1);
}

TEST_CASE("while a rule's folder is missing nothing is given up") {
  Scene scene;
  append(scene.log("app.log"), numbered("line", 0, 10));
  scene.start();
  REQUIRE(scene.stored(10));
  scene.stop();
  fs::rename(scene.directory / "logs", scene.directory / "unmounted");
  scene.start();
  fs::create_directories(scene.directory / "pods/ns_pod_uid/app");
  append(scene.directory / "pods/ns_pod_uid/app/0.log", "2026-01-31T12:00:00Z stdout F other\n");
  REQUIRE(scene.stored(11));
  fs::rename(scene.directory / "unmounted", scene.directory / "logs");
  append(scene.log("app.log"), numbered("line", 10, 20));
  REQUIRE(scene.stored(21));
  scene.stop();
  auto expected = expected_lines("line", 0, 20);
  expected.emplace_back("other");
  check_once_and_in_order(scene, expected);
  CHECK(scene.other->store.gaps().empty());
}

TEST_CASE("a line split over a restart is joined") {
  Scene scene;
  const std::string time = "2026-01-31T12:00:00Z ";
  const auto container = scene.directory / "pods/ns_pod_uid/app";
  fs::create_directories(container);
  append(container + "/0.log",
         time + "stdout P one \n" + time + "stderr F other\n" + time + "stdout P two \n");
  scene.start();
  REQUIRE(scene.stored(1));
  if (GENERATE(true, false)) {
    scene.stop();
  } else {
    scene.crash();
  }
  append(container + "/0.log", time + "stdout F three\n");
  scene.start();
  REQUIRE(scene.stored(2));
  scene.stop();
  check_once_and_in_order(scene, {"other", "one two three"});
}

// A writer, a rotator and a murderer.
TEST_CASE("whatever is stopped, crashed and rotated when, every line arrives once and in order") {
  const char* const given = std::getenv("LOGBOOM_TEST_SEED");
  const auto seed =
      given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
  Scene scene;
  const auto container = scene.directory / "pods/tool-x_p-0_uid/app";
  fs::create_directories(container);
  const std::string time = "2026-01-31T12:00:00Z ";
  std::vector<std::string> expected;
  std::map<std::string, int> rotations, written;
  const auto write = [&](const std::string& name) {
    std::string text;
    for (int lines = below(200); lines > 0; --lines) {
      auto line = name + " " + std::to_string(written[name]++) + std::string(random() % 50, '.');
      text += line + "\n";
      expected.push_back(std::move(line));
    }
    append(scene.log(name), text);
  };
  const auto write_container = [&] {
    std::string text;
    for (int lines = below(50); lines > 0; --lines) {
      const auto number = std::to_string(written["pod"]++);
      text += time + "stdout P pod out \n" + time + "stderr F pod err " + number + "\n" + time +
              "stdout F " + number + "\n";
      expected.push_back("pod out " + number);
      expected.push_back("pod err " + number);
    }
    append(container + "/0.log", text);
  };
  const auto rotate = [&](const std::string& name) {
    const auto path = scene.log(name);
    if (fs::exists(path)) fs::rename(path, path + "." + std::to_string(++rotations[name]));
  };
  for (int round = 0; round < 60; ++round) {
    scene.other->mute = below(3) == 0;
    scene.other->away = below(5) == 0;
    if (!scene.collector) scene.start();
    for (int steps = below(6); steps > 0; --steps) {
      const auto name = std::string("file") + std::to_string(below(3)) + ".log";
      const int what = below(8);
      if (what == 0) rotate(name);
      if (what == 1) scene.other->away = false;
      if (what >= 2 && what <= 5) write(name);
      if (what > 5) write_container();
      timespec pause{0, below(4'000'000)};
      ::nanosleep(&pause, nullptr);
    }
    switch (below(4)) {
      case 0:
        scene.crash();
        break;
      case 1:
        scene.options.stop_timeout = std::chrono::milliseconds(below(30));
        scene.stop();
        scene.other->under_way = 0;
        break;
      default:
        // It goes on; lost answers would never come, so only a restart helps.
        if (scene.other->mute) scene.crash();
        break;
    }
  }
  scene.other->mute = scene.other->away = false;
  if (!scene.collector) scene.start();
  CHECK(scene.stored(expected.size()));
  scene.stop();
  check_once_and_in_order(scene, expected);
  CHECK(scene.other->store.gaps().empty());
}

}  // namespace
}  // namespace logboom::collector
