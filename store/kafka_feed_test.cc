#include "store/kafka_feed.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

#include "core/kafka/mock_cluster.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/otlp.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

using std::chrono::seconds;

// Holds whatever the feed appends, and refuses what the test tells it to.
struct FakeSink {
  std::mutex mutex;  // guards all
  std::condition_variable changed;
  std::map<std::uint32_t, std::uint64_t> next;
  std::map<std::uint32_t, std::vector<Logged>> stored;
  std::function<Result<void>(const std::vector<Logged>&)> refuse;
  std::size_t refused = 0;

  KafkaFeed::Sink sink() {
    return {[this](std::uint32_t partition, std::vector<Logged> messages) -> Result<void> {
              const std::lock_guard lock(mutex);
              changed.notify_all();
              if (refuse) {
                if (auto answer = refuse(messages); !answer) {
                  ++refused;
                  return answer;
                }
              }
              for (Logged& message : messages) {
                if (message.offset < next[partition]) continue;
                next[partition] = message.offset + 1;
                stored[partition].push_back(std::move(message));
              }
              return {};
            },
            [this](std::uint32_t partition) -> std::optional<std::uint64_t> {
              const std::lock_guard lock(mutex);
              const auto found = next.find(partition);
              if (found == next.end()) return std::nullopt;
              return found->second;
            }};
  }
  std::size_t count() {
    std::size_t messages = 0;
    for (const auto& [partition, list] : stored) messages += list.size();
    return messages;
  }
  void wait_for(std::size_t messages) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, seconds{30}, [&] { return count() >= messages; }));
  }
};

// Looks again and again until it is so; the store tells nobody of offsets.
template <class Condition>
bool eventually(Condition&& condition) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto deadline = std::chrono::steady_clock::now() + seconds{30};
  while (!condition() && std::chrono::steady_clock::now() < deadline)
    never.wait_for(lock, std::chrono::milliseconds{5});
  return condition();
}

void send(const kafka::MockTopic& topic,
          const std::vector<std::pair<std::string, std::string>>& messages) {
  auto producer = kafka::Producer::open(topic.options());
  REQUIRE(producer);
  for (const auto& [key, value] : messages) REQUIRE((*producer)->send(key, value, [](auto) {}));
  (*producer)->flush(seconds{30});
}

std::vector<std::pair<std::string, std::string>> numbered(int from, int to) {
  std::vector<std::pair<std::string, std::string>> messages;
  for (int i = from; i < to; ++i) {
    const std::string tool = "tool" + std::to_string(i % 5);
    messages.emplace_back(tool, otlp::encode(batch_of(tool, {"line " + std::to_string(i)})));
  }
  return messages;
}

std::unique_ptr<KafkaFeed> must_start(const kafka::MockTopic& topic, int partitions,
                                      KafkaFeed::Sink sink, const Redactor& redactor) {
  auto feed = KafkaFeed::start({.kafka = topic.options(), .partition_count = partitions},
                               std::move(sink), redactor);
  REQUIRE(feed);
  return *std::move(feed);
}

void check_all_once(FakeSink& sink, std::size_t messages, std::size_t empty = 0) {
  std::set<std::string> lines;
  std::size_t without = 0;
  for (const auto& [partition, list] : sink.stored) {
    std::uint64_t offset = 0;
    for (const Logged& message : list) {
      CHECK(message.offset == offset++);
      if (message.batches.empty()) ++without;
      for (const Batch& batch : message.batches)
        CHECK(lines.insert(std::string(batch.records.at(0).body)).second);
    }
  }
  CHECK(lines.size() == messages - empty);
  CHECK(without == empty);
}

std::uint64_t undecodable() {
  return metrics::counter("logboom_store_feed_undecodable_messages_total",
                          "Messages passed over because they are not OTLP that can be stored")
      .value();
}

}  // namespace

TEST_CASE("the feed stores every message of every partition once, and goes on where it stopped",
          "[feed]") {
  kafka::MockTopic topic(4);
  const Redactor redactor;
  const TempDir dir;
  Clock clock;
  const auto expect_lines = [&](Store& store, int lines) {
    CHECK(eventually([&] { return store.stats().lines >= static_cast<std::uint64_t>(lines); }));
    std::set<std::string> found;
    for (int i = 0; i < 5; ++i)
      for (const auto& body : bodies(scan_all(store.snapshot("tool" + std::to_string(i)))))
        CHECK(found.insert(body).second);
    CHECK(std::cmp_equal(found.size(), lines));
  };
  for (int round = 1; round <= 3; ++round) {
    auto store = must_open(options_in(dir, clock));
    auto feed =
        KafkaFeed::start({.kafka = topic.options(), .partition_count = 4}, *store, redactor);
    REQUIRE(feed);
    send(topic, numbered(100 * (round - 1), 100 * round));
    expect_lines(*store, 100 * round);
    (*feed)->stop();
  }
}

TEST_CASE("batches that nobody has redacted are redacted before they are stored", "[feed]") {
  kafka::MockTopic topic(1);
  const Redactor redactor;
  Batch raw = batch_of("bot", {"password=hunter2"});
  raw.redacted = false;
  Batch done = batch_of("bot", {"password=already-looked-at"});
  send(topic, {{"bot", otlp::encode(raw)}, {"bot", otlp::encode(done)}});
  FakeSink sink;
  {
    const auto feed = must_start(topic, 1, sink.sink(), redactor);
    sink.wait_for(2);
  }
  const auto& stored = sink.stored[0];
  CHECK(stored.at(0).batches.at(0).redacted);
  CHECK(stored.at(0).batches.at(0).records.at(0).body == "password=<secret:password>");
  CHECK(stored.at(1).batches.at(0).records.at(0).body == "password=already-looked-at");
}

TEST_CASE("a foreign message belongs to the tool its key names, else to the fallback", "[feed]") {
  const auto [key, tool] = GENERATE(table<std::string, std::string>({
      {"bot", "bot"},
      {"", "local"},
      {"../etc", "local"},
  }));
  kafka::MockTopic topic(1);
  const Redactor redactor;
  FakeSink sink;
  Batch batch = batch_of("", {"x"});
  send(topic, {{key, otlp::encode(batch)}});
  {
    const auto feed = must_start(topic, 1, sink.sink(), redactor);
    sink.wait_for(1);
  }
  CHECK(sink.stored[0].at(0).batches.at(0).tool == tool);
}

TEST_CASE("a message that is no OTLP is passed over and counted, its neighbours stored", "[feed]") {
  kafka::MockTopic topic(1);
  const Redactor redactor;
  auto messages = numbered(0, 10);
  messages.insert(messages.begin() + 3, {"tool3", "not protobuf at all"});
  send(topic, messages);
  FakeSink sink;
  const auto before = undecodable();
  {
    const auto feed = must_start(topic, 1, sink.sink(), redactor);
    sink.wait_for(11);
  }
  check_all_once(sink, 11, 1);
  CHECK(undecodable() - before == 1);
}

TEST_CASE("while the store is full nothing is skipped, and all of it is stored when there is room",
          "[feed]") {
  kafka::MockTopic topic(4);
  const Redactor redactor;
  FakeSink sink;
  // Once before anything is stored, and once between two partitions of one poll.
  sink.refuse = [calls = 0](const std::vector<Logged>&) mutable -> Result<void> {
    ++calls;
    if (calls == 1) return fail(Errc::full, "no room");
    if (calls == 3) return fail(Errc::io, "disk gone");
    return {};
  };
  send(topic, numbered(0, 60));
  {
    const auto feed = must_start(topic, 4, sink.sink(), redactor);
    sink.wait_for(60);
  }
  check_all_once(sink, 60);
  CHECK(sink.refused == 2);
}

TEST_CASE("one message that the store will never take is passed over alone", "[feed]") {
  kafka::MockTopic topic(1);
  const Redactor redactor;
  FakeSink sink;
  sink.refuse = [](const std::vector<Logged>& messages) -> Result<void> {
    for (const Logged& message : messages)
      for (const Batch& batch : message.batches)
        if (batch.records.at(0).body == "line 7") return fail(Errc::invalid, "poison");
    return {};
  };
  send(topic, numbered(0, 20));
  const auto before = undecodable();
  {
    const auto feed = must_start(topic, 1, sink.sink(), redactor);
    sink.wait_for(20);
  }
  check_all_once(sink, 20, 1);
  CHECK(sink.stored[0].at(7).batches.empty());
  CHECK(undecodable() - before == 1);
}

TEST_CASE("the feed reads only the partitions it is given", "[feed]") {
  kafka::MockTopic topic(4);
  const Redactor redactor;
  send(topic, numbered(0, 100));
  FakeSink all, some;
  {
    const auto feed = must_start(topic, 4, all.sink(), redactor);
    all.wait_for(100);
  }
  const std::uint32_t wanted = all.stored.begin()->first;
  const std::size_t expected = all.stored.begin()->second.size();
  {
    auto feed = KafkaFeed::start(
        {.kafka = topic.options(), .partitions = {static_cast<std::int32_t>(wanted)}}, some.sink(),
        redactor);
    REQUIRE(feed);
    some.wait_for(expected);
  }
  CHECK(some.stored.size() == 1);
  CHECK(some.stored[wanted].size() == expected);
}

TEST_CASE("the feed starts while the broker is away and stops while it waits", "[feed]") {
  kafka::MockTopic topic(1);
  const Redactor redactor;
  FakeSink sink;
  topic.down();
  const auto feed = must_start(topic, 1, sink.sink(), redactor);
  feed->stop();
  CHECK(sink.stored.empty());
}

TEST_CASE("wrong options of the feed are refused", "[feed]") {
  const Redactor redactor;
  FakeSink sink;
  CHECK_FALSE(KafkaFeed::start({.kafka = {}, .partition_count = 1}, sink.sink(), redactor));
  const kafka::MockTopic topic(1);
  CHECK_FALSE(
      KafkaFeed::start({.kafka = topic.options(), .partition_count = 0}, sink.sink(), redactor));
}

}  // namespace logboom::store
