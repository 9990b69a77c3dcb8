// Backups: all that was acknowledged before is in them, half of one is never taken for a whole, and
// what is restored is what was backed up, or nothing.
#include "store/backup.h"

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "store/backup_fixture.h"
#include "store/compact.h"

namespace logboom::store {
namespace {

TEST_CASE("a restored store is the one that was backed up") {
  const bool links = GENERATE(true, false);
  CAPTURE(links);
  const TempDir dir;
  Clock clock;
  FaultEnv files;
  if (!links) files.refuse_links();
  auto options = options_in(dir, clock);
  options.env = files.env();
  const auto store = must_open(options);
  fill(*store, clock);
  REQUIRE(store->compact());  // tables, beside what is only in the log
  REQUIRE(store->append(one(spanned(batch_of("t", {"in the log"}), "s", 30))));
  const auto lines = scan_all(store->snapshot("t"));

  std::vector<Step> steps;
  const auto backup = place_in(dir, "b/1");
  const auto made =
      store->backup(backup, [&](const Step& step) { steps.push_back({step.done, step.total}); });
  INFO((made ? std::string() : made.error().message));
  REQUIRE(made);
  CHECK(made->partitions == std::map<std::uint32_t, std::uint64_t>{{3, 42}});
  CHECK(made->local_next == 3);
  CHECK(made->store_format == newest_format());
  REQUIRE_FALSE(steps.empty());
  CHECK(steps.back().done == steps.back().total);
  CHECK(steps.back().total == made->bytes());
  CHECK_FALSE(fs::exists(backup + ".partial"));
  CHECK_FALSE(fs::exists(dir.path() + "/checkpoint"));
  // The manifest names what is there, and nothing was made by looking into it.
  std::set<std::string> named{"backup.json"}, present;
  for (const auto& file : made->files) named.insert(file.name);
  for (const auto& [path, content] : tree(backup)) present.insert(path.substr(backup.size() + 1));
  CHECK(named == present);
  CHECK((files.links() >= made->files.size()) == links);

  // The store goes on; the backup does not change.
  const auto before = tree(backup);
  REQUIRE(store->append(one(spanned(batch_of("t", {"after the backup"}), "s", 40))));
  REQUIRE(store->seal_all());
  REQUIRE(store->compact());
  CHECK(tree(backup) == before);

  const auto target = place_in(dir, "restored");
  const auto done = restored(backup, target, clock);
  INFO((done ? std::string() : done.error().message));
  REQUIRE(done);
  CHECK(done->manifest == *made);
  CHECK(done->stats.lines == 5);
  CHECK_FALSE(fs::exists(target + ".partial"));
  CHECK(tree(backup) == before);
  const auto copy = reopened(dir, clock, target);
  CHECK(scan_all(copy->snapshot("t")) == lines);
  CHECK(bodies(scan_all(copy->snapshot("k"))) == std::vector<std::string>{"from Kafka"});
  CHECK(copy->next_offset(3) == 42);
  CHECK(copy->next_position("s") == 40);
  CHECK(copy->ledger().record("notes", "a").value() == "b");
}

TEST_CASE("what was acknowledged before a backup is in it, while others write") {
  const TempDir dir;
  const Clock clock;
  auto store = must_open(options_in(dir, clock));
  std::atomic<std::uint64_t> acknowledged = 0;
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto number = acknowledged.load();
      auto batch = spanned(batch_of("t", {std::to_string(number)}), "s", number * 10);
      if (!store->append(one(std::move(batch)))) return;
      ++acknowledged;
      if (number % 50 == 49 && !store->seal_all()) return;
    }
  });
  std::vector<std::uint64_t> least;
  for (int round = 0; round < 8; ++round) {
    const auto already = acknowledged.load();
    while (acknowledged < already + 20) std::this_thread::yield();
    least.push_back(acknowledged);
    const auto made = store->backup(place_in(dir, "b/" + std::to_string(round)));
    INFO((made ? std::string() : made.error().message));
    REQUIRE(made);
  }
  writer.request_stop();
  writer.join();
  store.reset();
  for (std::size_t round = 0; round < least.size(); ++round) {
    CAPTURE(round);
    const auto number = std::to_string(round);
    const auto target = place_in(dir, "r" + number);
    REQUIRE(restored(place_in(dir, "b/" + number), target, clock));
    const auto copy = reopened(dir, clock, target);
    const auto lines = bodies(scan_all(copy->snapshot("t")));
    REQUIRE(lines.size() >= least[round]);
    for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == std::to_string(i));
    CHECK(copy->next_position("s") == lines.size() * 10);
  }
}

TEST_CASE("places given to lines are never given to others by a restored store") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  const auto backup = place_in(dir, "b");
  REQUIRE(store->backup(backup));
  std::set<Place> given;
  const auto take = [&](Store& from) {
    for (int i = 0; i < 100; ++i) {
      const auto appended = from.append(one(batch_of("t", {"line"})));
      REQUIRE(appended);
      CHECK(given.insert(appended->front().place).second);
    }
  };
  take(*store);
  // Also two stores made from one backup, and one from a backup of a restored one.
  std::string again = backup;
  for (const auto* const name : {"r1", "r2", "r3"}) {
    clock.now += kSecond;
    const auto done = restored(again, place_in(dir, name), clock);
    REQUIRE(done);
    CHECK(done->local_next >= done->manifest.local_next + (std::uint64_t{1} << 32));
    const auto copy = reopened(dir, clock, place_in(dir, name));
    // A reader that has seen all of the first store misses nothing of the next.
    auto cursor = store->snapshot("t").end();
    take(*copy);
    CHECK(read_on(copy->snapshot("t"), cursor).size() == (again == backup ? 100 : 200));
    if (name == std::string("r2")) {
      again = place_in(dir, "b2");
      REQUIRE(copy->backup(again));
    }
  }
}

TEST_CASE("a clock that was set back does not bring a place back") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  REQUIRE(store->backup(place_in(dir, "b")));
  clock.now = 0;
  const auto done = restored(place_in(dir, "b"), place_in(dir, "r"), clock);
  REQUIRE(done);
  CHECK(done->local_next == done->manifest.local_next + (std::uint64_t{1} << 32));
}

TEST_CASE("a changed byte anywhere in a backup is found, and the file named") {
  const TempDir dir;
  Clock clock;
  FaultEnv files;
  files.refuse_links();
  auto options = options_in(dir, clock);
  options.env = files.env();
  const auto store = must_open(options);
  fill(*store, clock);
  const auto backup = place_in(dir, "b"), target = place_in(dir, "r");
  REQUIRE(store->backup(backup));
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::size_t flipped = 0;
  for (const auto& [path, content] : tree(backup)) {
    if (content.empty()) continue;
    CAPTURE(path);
    auto wrong = content;
    // Not the newline at the manifest's end: it carries nothing.
    const auto size = path.ends_with("backup.json") ? wrong.size() - 1 : wrong.size();
    wrong[random() % size] ^= 1;
    std::ofstream(path, std::ios::binary) << wrong;
    const auto done = restored(backup, target, clock);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find(fs::path(path).filename().string()) != std::string::npos);
    CHECK_FALSE(fs::exists(target));
    CHECK_FALSE(fs::exists(target + ".partial"));
    std::ofstream(path, std::ios::binary) << content;
    ++flipped;
  }
  CHECK(flipped > 3);
  // A file that is gone, and a file that is longer.
  const auto table = backup + "/store/CURRENT";
  const auto content = content_of(table);
  std::ofstream(table, std::ios::binary) << content << "x";
  CHECK(restored(backup, target, clock).error().code == Errc::corrupt);
  fs::remove(table);
  const auto gone = restored(backup, target, clock);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().message.find("store/CURRENT: this file of the backup is missing") !=
        std::string::npos);
  std::ofstream(table, std::ios::binary) << content;
  CHECK(restored(backup, target, clock));
}

TEST_CASE("a backup of a newer format is refused in words") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  const auto backup = place_in(dir, "b"), path = backup + "/backup.json";
  auto made = store->backup(backup);
  REQUIRE(made);
  auto json = content_of(path);
  json.replace(json.find("\"format\":1"), 10, "\"format\":2");
  std::ofstream(path, std::ios::binary) << json;
  const auto newer = restored(backup, place_in(dir, "r"), clock);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Errc::invalid);
  CHECK(newer.error().message.find("format 2, this program reads up to 1") != std::string::npos);
  made->store_format = newest_format() + 1;
  std::ofstream(path, std::ios::binary) << encode(*made);
  const auto store_newer = restored(backup, place_in(dir, "r"), clock);
  REQUIRE_FALSE(store_newer);
  CHECK(store_newer.error().code == Errc::invalid);
  CHECK(store_newer.error().message.find("newer logboom") != std::string::npos);
  CHECK_FALSE(fs::exists(place_in(dir, "r")));
}

TEST_CASE("a manifest cannot name files outside its backup") {
  Manifest manifest;
  manifest.files.push_back({"store/000001.sst", 1, 2});
  REQUIRE(parse_manifest(encode(manifest)).value() == manifest);
  for (const auto* const name : {"../x", "store/../x", "store/", "x", "/etc/passwd", "store/a/b"}) {
    CAPTURE(name);
    manifest.files[0].name = name;
    CHECK_FALSE(parse_manifest(encode(manifest)));
  }
}

TEST_CASE("nothing that lies there is replaced") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  const auto backup = place_in(dir, "b"), target = place_in(dir, "r");
  REQUIRE(store->backup(backup));
  CHECK(store->backup(backup).error().code == Errc::conflict);
  CHECK(store->backup(dir.path() + "/inside").error().code == Errc::invalid);
  CHECK(store->backup("relative").error().code == Errc::invalid);
  fs::create_directories(target);
  std::ofstream(target + "/something") << "precious";
  const auto refused = restored(backup, target, clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::conflict);
  CHECK(content_of(target + "/something") == "precious");
  fs::remove(target + "/something");
  CHECK(restored(backup, target, clock));  // empty is as good as absent
  CHECK(restored(target, place_in(dir, "r2"), clock).error().code == Errc::not_found);
}

TEST_CASE("a backup that is stopped leaves nothing") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  std::stop_source stop;
  const auto done = store->backup(
      place_in(dir, "b/1"), [&](const Step&) { stop.request_stop(); }, stop.get_token());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::cancelled);
  CHECK_FALSE(fs::exists(place_in(dir, "b/1")));
  CHECK_FALSE(fs::exists(place_in(dir, "b/1.partial")));
  CHECK_FALSE(fs::exists(dir.path() + "/checkpoint"));
}

TEST_CASE("old backups go, and only they") {
  const TempDir dir;
  Clock clock;
  const auto parent = place_in(dir, "b");
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) {
    clock.now += kDay;
    names.push_back(backup_name(clock.now));
    CHECK(parse_backup_name(names.back()) == clock.now);
    REQUIRE(store->backup(parent + "/" + names.back()));
  }
  for (const auto* const name : {"backup-mine", "backup-20241399T000000Z", "other"})
    fs::create_directories(parent + "/" + name);
  fs::create_directories(parent + "/backup-20240101T000000Z.partial/store");
  CHECK(backups_in(parent, quick_env()).value() == names);
  const auto gone = drop_old_backups(parent, 2, quick_env());
  CHECK(gone.value() == std::vector<std::string>(names.begin(), names.begin() + 2));
  CHECK(backups_in(parent, quick_env()).value() ==
        std::vector<std::string>(names.begin() + 2, names.end()));
  CHECK(drop_old_backups(parent, 2, quick_env()).value().empty());
  // The next backup takes half ones away, and nothing else.
  clock.now += kDay;
  REQUIRE(store->backup(parent + "/" + backup_name(clock.now)));
  CHECK_FALSE(fs::exists(parent + "/backup-20240101T000000Z.partial"));
  for (const auto* const name : {"backup-mine", "backup-20241399T000000Z", "other"})
    CHECK(fs::exists(parent + "/" + name));
}

}  // namespace
}  // namespace logboom::store
