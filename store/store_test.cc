// The store's promises, one by one.
#include "store/store.h"

#include <thread>

#include "store/store_fixture.h"

namespace logboom::store {
namespace {

using Kind = Appended::Kind;

Appended append(Store& store, Batch batch) {
  auto appended = store.append(one(std::move(batch)));
  INFO((appended ? std::string() : appended.error().message));
  REQUIRE(appended);
  REQUIRE(appended->size() == 1);
  return appended->front();
}

std::vector<std::string> lines_in(const Store& store, const std::string& tool) {
  return bodies(scan_all(store.snapshot(tool)));
}

TEST_CASE("a batch is there when append returns, and only for its tool") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  const auto appended = append(*store, batch_of("wiki", {"one", "two"}));
  CHECK(appended.kind == Kind::stored);
  CHECK(appended.lines == 2);
  CHECK(lines_in(*store, "wiki") == std::vector<std::string>{"one", "two"});
  CHECK(lines_in(*store, "other").empty());
  CHECK(store->tools() == std::vector<std::string>{"wiki"});
  CHECK(store->stats().lines == 2);
}

TEST_CASE("over HTTP a source is stored, trimmed, seen or refused by its span") {
  const TempDir dir;
  const Clock clock;
  auto store = must_open(options_in(dir, clock));
  const auto lines = [](int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i < to; ++i) all.push_back("line " + std::to_string(i));
    return all;
  };
  struct Step {
    int from, to;
    Kind kind;
    std::uint64_t stored, trimmed, expected;
  };
  const std::vector<Step> steps = {
      {0, 3, Kind::stored, 3, 0, 30}, {0, 3, Kind::seen, 0, 3, 30},
      {2, 5, Kind::stored, 2, 1, 50}, {7, 9, Kind::conflict, 0, 0, 50},
      {5, 7, Kind::stored, 2, 0, 70}, {7, 9, Kind::stored, 2, 0, 90},
  };
  const bool reopen = GENERATE(false, true);
  CAPTURE(reopen);
  for (const auto& step : steps) {
    CAPTURE(step.from, step.to);
    const auto appended = append(*store, spanned(batch_of("t", lines(step.from, step.to)), "c/1",
                                                 static_cast<std::uint64_t>(step.from) * 10));
    CHECK(appended.kind == step.kind);
    CHECK(appended.lines == step.stored);
    CHECK(appended.trimmed == step.trimmed);
    CHECK(appended.expected == step.expected);
    CHECK(store->next_position("c/1") == step.expected);
    if (reopen) {
      store.reset();
      store = must_open(options_in(dir, clock));
    }
  }
  CHECK(lines_in(*store, "t") == lines(0, 9));
  CHECK_FALSE(store->next_position("c/2"));
}

TEST_CASE("batches of one append see each other, and a refused one harms no neighbour") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  std::vector<Batch> batches;
  batches.push_back(spanned(batch_of("t", {"a"}), "s", 0));
  batches.push_back(spanned(batch_of("t", {"a", "b"}), "s", 0));
  batches.push_back(spanned(batch_of("t", {"z"}), "s", 90));
  batches.push_back(spanned(batch_of("u", {"z"}), "new", 5));
  batches.push_back(batch_of("u", {"c"}));
  const auto appended = store->append(std::move(batches));
  REQUIRE(appended);
  std::vector<Kind> kinds;
  for (const auto& one_of : *appended) kinds.push_back(one_of.kind);
  CHECK(kinds == std::vector<Kind>{Kind::stored, Kind::stored, Kind::conflict, Kind::conflict,
                                   Kind::stored});
  CHECK((*appended)[1].trimmed == 1);
  CHECK((*appended)[2].expected == 20);
  CHECK((*appended)[3].expected == 0);
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"a", "b"});
  CHECK(lines_in(*store, "u") == std::vector<std::string>{"c"});
}

std::vector<Logged> message(std::uint64_t offset, std::vector<Batch> batches,
                            std::int64_t append_time_ns = kStart) {
  std::vector<Logged> messages(1);
  messages[0].offset = offset;
  messages[0].append_time_ns = append_time_ns;
  messages[0].batches = std::move(batches);
  return messages;
}

TEST_CASE("from Kafka a message is stored once, and a hole is filled late") {
  const TempDir dir;
  const Clock clock;
  auto store = must_open(options_in(dir, clock));
  CHECK_FALSE(store->next_offset(4));
  const auto feed = [&](std::uint64_t offset, std::vector<Batch> batches) {
    REQUIRE(store->append_logged(4, message(offset, std::move(batches))));
  };
  feed(10, one(spanned(batch_of("t", {"a", "b"}), "s", 0)));
  feed(10, one(spanned(batch_of("t", {"not", "again"}), "s", 20)));
  feed(11, one(spanned(batch_of("t", {"e"}), "s", 40)));
  feed(12, {});
  CHECK(store->next_offset(4) == 13U);
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"a", "b", "e"});
  if (GENERATE(false, true)) {
    store.reset();
    store = must_open(options_in(dir, clock));
    CHECK(store->next_offset(4) == 13U);
  }
  feed(13, one(spanned(batch_of("t", {"b", "c", "d", "e"}), "s", 10)));
  feed(14, one(spanned(batch_of("t", {"b", "c", "d", "e"}), "s", 10)));
  CHECK(store->next_offset(4) == 15U);
  CHECK(store->next_position("s") == 50U);
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"a", "b", "e", "c", "d"});
}

TEST_CASE("lines of a message keep the numbers they have in it, on every replica") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  std::vector<Batch> batches;
  batches.push_back(batch_of("t", {"a", "b"}));
  batches.push_back(batch_of("u", {"c"}));
  batches.push_back(batch_of("t", {"d"}));
  batches.front().redacted = false;  // refused, but it counts
  REQUIRE(store->append_logged(0, message(3, std::move(batches))));
  const auto lines = scan_all(store->snapshot("t"));
  REQUIRE(bodies(lines) == std::vector<std::string>{"d"});
  CHECK(lines[0].place == Place{0, 3});
  CHECK(lines[0].index == 3);
}

TEST_CASE("a wrong batch is refused in words and nothing is stored") {
  const TempDir dir;
  const Clock clock;
  auto options = options_in(dir, clock);
  options.max_batch_bytes = 1000;
  const auto store = must_open(options);
  auto raw = batch_of("t", {"a"});
  raw.redacted = false;
  auto no_stream = batch_of("t", {"a"});
  no_stream.records[0].stream = 1;
  auto backwards = spanned(batch_of("t", {"a", "b"}), "s", 0);
  std::swap(backwards.records[0].position, backwards.records[1].position);
  std::vector<std::pair<Batch, Errc>> wrong;
  wrong.emplace_back(std::move(raw), Errc::invalid);
  wrong.emplace_back(std::move(no_stream), Errc::invalid);
  wrong.emplace_back(std::move(backwards), Errc::invalid);
  wrong.emplace_back(batch_of("../t", {"a"}), Errc::invalid);
  wrong.emplace_back(batch_of("t", {std::string(1001, 'x')}), Errc::too_large);
  for (auto& [batch, code] : wrong) {
    std::vector<Batch> batches;
    batches.push_back(batch_of("t", {"good"}));
    batches.push_back(std::move(batch));
    const auto appended = store->append(std::move(batches));
    REQUIRE_FALSE(appended);
    CHECK(appended.error().code == code);
  }
  CHECK(store->stats().lines == 0);
}

TEST_CASE("a full disk refuses new lines and keeps answering") {
  const TempDir dir;
  const Clock clock;
  append(*must_open(options_in(dir, clock)), batch_of("t", {"before"}));
  auto options = options_in(dir, clock);
  options.min_free_bytes = std::uint64_t{1} << 62;
  const auto store = must_open(options);
  const auto appended = store->append(one(batch_of("t", {"after"})));
  REQUIRE_FALSE(appended);
  CHECK(appended.error().code == Errc::full);
  const auto logged = store->append_logged(0, message(0, one(batch_of("t", {"after"}))));
  REQUIRE_FALSE(logged);
  CHECK(logged.error().code == Errc::full);
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"before"});
}

TEST_CASE("a directory that is open elsewhere is busy") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  const auto second = Store::open(options_in(dir, clock));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::busy);
  CHECK(second.error().message.find("--data") != std::string::npos);
}

TEST_CASE("impossible options are refused in words") {
  const TempDir dir;
  const Clock clock;
  auto options = options_in(dir, clock);
  std::string reason;
  SECTION("no directory") {
    options.directory.clear();
    reason = "name its directory";
  }
  SECTION("more days than families") {
    options.retention = std::chrono::hours(24 * 94);
    reason = "set 0 to 93 days";
  }
  SECTION("a class that is no name") {
    options.retention_class = "a/b";
    reason = "retention class";
  }
  const auto store = Store::open(options);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::invalid);
  CHECK(store.error().message.find(reason) != std::string::npos);
}

TEST_CASE("a subscriber hears of its tool's commits until it ends") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  int heard = 0, others = 0;
  auto subscription = store->subscribe("t", [&] { ++heard; });
  const auto other = store->subscribe("u", [&] { ++others; });
  append(*store, spanned(batch_of("t", {"a"}), "s", 0));
  CHECK(heard == 1);
  append(*store, spanned(batch_of("t", {"a"}), "s", 0));  // seen: no lines came
  CHECK(heard == 1);
  REQUIRE(store->append_logged(0, message(0, one(batch_of("t", {"b"})))));
  CHECK(heard == 2);
  subscription.reset();
  append(*store, batch_of("t", {"c"}));
  CHECK(heard == 2);
  CHECK(others == 0);
}

TEST_CASE("a subscriber may end itself while it is called") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  int heard = 0;
  std::shared_ptr<void> subscription;
  subscription = store->subscribe("t", [&] {
    ++heard;
    subscription.reset();
  });
  append(*store, batch_of("t", {"a"}));
  append(*store, batch_of("t", {"b"}));
  CHECK(heard == 1);
}

TEST_CASE("sealing is due by size, by number and by age") {
  const TempDir dir;
  Clock clock;
  auto options = options_in(dir, clock);
  options.seal_bytes = 100;
  const auto store = must_open(options);
  append(*store, batch_of("big", {std::string(100, 'x')}));
  append(*store, batch_of("small", {"x"}));
  for (int i = 0; i < 1024; ++i) append(*store, batch_of("many", {""}));
  REQUIRE(store->seal_due());
  CHECK(store->stats().blocks == 2);
  CHECK(store->stats().inbox_batches == 1);
  clock.now += 300 * kSecond;
  REQUIRE(store->seal_due());
  CHECK(store->stats().blocks == 3);
  CHECK(store->stats().inbox_batches == 0);
  CHECK(lines_in(*store, "small") == std::vector<std::string>{"x"});
}

TEST_CASE("a tool that writes little has few blocks") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  for (int i = 0; i < 100; ++i) {
    append(*store, batch_of("t", {"line " + std::to_string(i) + std::string(50, '.')}));
    REQUIRE(store->seal_all());
  }
  CHECK(store->stats().blocks < 10);
  CHECK(lines_in(*store, "t").size() == 100);
}

TEST_CASE("a large batch is cut into several pieces") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  auto batch = batch_of("t", std::vector<std::string>(72, std::string(256 << 10, 'x')));
  const auto expected = twins_of(batch, {});
  append(*store, std::move(batch));
  CHECK(store->stats().inbox_batches == 3);
  CHECK(scan_all(store->snapshot("t")) == expected);
  REQUIRE(store->seal_all());
  CHECK(store->stats().blocks >= 3);
  CHECK(scan_all(store->snapshot("t")) == expected);
}

TEST_CASE("a day is dropped when retention has passed since its end") {
  const TempDir dir;
  Clock clock;
  auto options = options_in(dir, clock);
  options.retention = std::chrono::hours(24 * 2);
  auto store = must_open(options);
  append(*store, spanned(batch_of("old", {"sealed"}), "s", 0));
  REQUIRE(store->seal_all());
  append(*store, batch_of("old", {"in the inbox"}));
  clock.now += kDay;
  append(*store, batch_of("new", {"kept"}));
  REQUIRE(store->seal_all());
  const auto held = store->snapshot("old");
  clock.now = 20'003 * kDay;  // two days after the first one's end: not yet
  CHECK(store->drop_expired_days() == std::size_t{0});
  CHECK(lines_in(*store, "old").size() == 2);
  clock.now += 1;
  CHECK(store->drop_expired_days() == std::size_t{1});
  CHECK(store->drop_expired_days() == std::size_t{0});
  CHECK(lines_in(*store, "old").empty());
  CHECK(lines_in(*store, "new").size() == 1);
  CHECK(store->tools() == std::vector<std::string>{"new"});
  // Who took a snapshot before may finish.
  CHECK(scan_all(held).size() == 2);
  // The source's position outlives its lines, so that they are not taken for new.
  CHECK(append(*store, spanned(batch_of("old", {"sealed"}), "s", 0)).kind == Kind::seen);
}

TEST_CASE("a dropped day stays dropped") {
  const TempDir dir;
  Clock clock;
  auto options = options_in(dir, clock);
  options.retention = std::chrono::hours(24);
  {
    const auto store = must_open(options);
    append(*store, batch_of("t", {"a"}));
    REQUIRE(store->seal_all());
    clock.now += 3 * kDay;
    CHECK(store->drop_expired_days() == std::size_t{1});
  }
  const auto store = must_open(options);
  CHECK(store->stats().lines == 0);
  append(*store, batch_of("t", {"b"}));
  REQUIRE(store->seal_all());
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"b"});
}

TEST_CASE("a source long unused is forgotten") {
  const TempDir dir;
  Clock clock;
  auto options = options_in(dir, clock);
  options.retention = std::chrono::hours(24);
  const auto store = must_open(options);
  for (int i = 0; i < 600; ++i)
    append(*store, spanned(batch_of("t", {"a"}), "old/" + std::to_string(i), 0));
  clock.now += 5 * kDay;
  append(*store, spanned(batch_of("t", {"a"}), "young", 0));
  clock.now += 4 * kDay;
  REQUIRE(store->drop_expired_days());
  CHECK_FALSE(store->next_position("old/0"));
  CHECK_FALSE(store->next_position("old/599"));
  CHECK(store->next_position("young") == 10U);
}

TEST_CASE("messages older than retention or from the future find their day") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  REQUIRE(store->append_logged(0, message(0, one(batch_of("t", {"old"})), kStart - 100 * kDay)));
  REQUIRE(store->append_logged(0, message(1, one(batch_of("t", {"new"})), kStart + 100 * kDay)));
  REQUIRE(store->append_logged(0, message(2, one(batch_of("t", {"none"})), 0)));
  REQUIRE(store->seal_all());
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"new", "none"});
  CHECK(store->stats().blocks == 1);
}

TEST_CASE("many appenders at once: each line once, each source in order") {
  const TempDir dir;
  const Clock clock;
  auto options = options_in(dir, clock);
  options.background = true;
  options.seal_bytes = 2000;
  constexpr int kThreads = 6, kBatches = 40;
  const auto store = must_open(options);
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const auto source = "s" + std::to_string(thread);
        for (int i = 0; i < kBatches; ++i) {
          const auto text = source + " " + std::to_string(i);
          auto batch = spanned(batch_of("t", {text + " a", text + " b"}), source,
                               static_cast<std::uint64_t>(i) * 20);
          const auto appended = store->append(one(std::move(batch)));
          if (!appended || appended->front().lines != 2) ++failures;
        }
      });
    }
    // A reader beside them: what it has read stays true, and nothing comes twice.
    threads.emplace_back([&] {
      Cursor cursor;
      std::size_t lines = 0;
      while (lines < kThreads * kBatches * 2 && failures == 0) {
        const auto read =
            store->snapshot("t").read_after(cursor, 500, [&](const LineView&) { ++lines; });
        if (!read) ++failures;
      }
      if (lines != kThreads * kBatches * 2) ++failures;
    });
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i)
        if (!store->seal_all()) ++failures;
    });
  }
  CHECK(failures == 0);
  const auto lines = scan_all(store->snapshot("t"));
  CHECK(lines.size() == kThreads * kBatches * 2);
  std::map<std::string, std::uint64_t> last;
  for (const auto& line : lines) {
    auto& position = last[line.value("source")];
    CHECK(line.position == position + 10);
    position = line.position;
  }
}

TEST_CASE("a tail with a cursor gets every line once while blocks are sealed under it") {
  const TempDir dir;
  const Clock clock;
  auto store = must_open(options_in(dir, clock));
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Cursor cursor = store->snapshot("t").end();
  std::vector<std::string> written, read;
  for (int i = 0; i < 200; ++i) {
    const auto text = "line " + std::to_string(i);
    written.push_back(text);
    // Times that stand still or go back must not matter.
    append(*store,
           batch_of("t", {text}, kStart - static_cast<std::int64_t>(random() % 3) * kSecond));
    if (random() % 5 == 0) REQUIRE(store->seal_all());
    if (random() % 40 == 0) {
      store.reset();
      store = must_open(options_in(dir, clock));
    }
    if (random() % 3 != 0) continue;
    auto parsed = Cursor::parse(cursor.text());
    REQUIRE(parsed);
    cursor = *parsed;
    for (auto& line : bodies(read_on(store->snapshot("t"), cursor, 1 + random() % 40)))
      read.push_back(std::move(line));
  }
  for (auto& line : bodies(read_on(store->snapshot("t"), cursor))) read.push_back(std::move(line));
  CHECK(read == written);
}

TEST_CASE("a snapshot does not see what came after it, sealed or not") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  append(*store, batch_of("t", {"a"}));
  const auto before = store->snapshot("t");
  append(*store, batch_of("t", {"b"}));
  REQUIRE(store->seal_all());
  CHECK(bodies(scan_all(before)) == std::vector<std::string>{"a"});
  CHECK(lines_in(*store, "t") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a snapshot outlives its store") {
  const TempDir dir;
  const Clock clock;
  auto store = must_open(options_in(dir, clock));
  append(*store, batch_of("t", {"a"}));
  const auto snapshot = store->snapshot("t");
  store.reset();
  CHECK(scan_all(snapshot).size() == 1);
}

TEST_CASE("a scan ends when it is stopped or told so") {
  const TempDir dir;
  const Clock clock;
  const auto store = must_open(options_in(dir, clock));
  for (int i = 0; i < 5; ++i) append(*store, batch_of("t", {"x"}, kStart + i * kSecond));
  Scan scan{.start = 0, .end = INT64_MAX, .newest_first = true, .stream = {}, .stop = {}};
  int lines = 0;
  const auto visit = [&](const LineView&) { ++lines; };
  const auto told = store->snapshot("t").scan(
      scan, [](std::int64_t bound, const ScanStats&) { return bound > kStart + 2 * kSecond; },
      visit);
  REQUIRE(told);
  CHECK(lines == 2);
  std::stop_source source;
  source.request_stop();
  scan.stop = source.get_token();
  const auto stopped = store->snapshot("t").scan(scan, all_of_it, visit);
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == Errc::cancelled);
}

}  // namespace
}  // namespace logboom::store
