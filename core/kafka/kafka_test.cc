#include "core/kafka/kafka.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <set>

#include "core/kafka/mock_cluster.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/time.h"

namespace logboom::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// What became of each message, by the number it carries.
struct Outcomes {
  std::mutex mutex;  // guards all
  std::map<int, int> calls;
  std::map<int, Delivered> delivered;
  std::map<int, Error> failed;

  Producer::Done done(int number) {
    return [this, number](Result<Delivered> result) {
      const std::lock_guard lock(mutex);
      ++calls[number];
      if (result) {
        delivered[number] = *result;
      } else {
        failed[number] = result.error();
      }
    };
  }
  bool once_each(int count) {
    const std::lock_guard lock(mutex);
    if (std::cmp_not_equal(calls.size(), count)) return false;
    return std::ranges::all_of(calls, [](const auto& call) { return call.second == 1; });
  }
};

std::unique_ptr<Producer> producer_for(const Options& options, std::size_t limit = 64 << 20) {
  auto producer = Producer::open(options, limit);
  REQUIRE(producer);
  return std::move(*producer);
}

std::vector<Message> read(Consumer& consumer, std::size_t count) {
  std::vector<Message> all;
  const auto deadline = steady_clock::now() + seconds{30};
  while (all.size() < count && steady_clock::now() < deadline) {
    auto some = consumer.poll(milliseconds{100}, 1000);
    REQUIRE(some);
    for (Message& message : *some) all.push_back(std::move(message));
  }
  return all;
}

std::vector<Message> read_all(const Options& options, int partitions, std::size_t count) {
  std::map<std::int32_t, std::int64_t> from;
  for (int i = 0; i < partitions; ++i) from[i] = kEarliest;
  auto consumer = Consumer::open(options, from);
  REQUIRE(consumer);
  auto all = read(**consumer, count);
  // Nothing may follow.
  auto more = (*consumer)->poll(milliseconds{50}, 1000);
  REQUIRE(more);
  CHECK(more->empty());
  return all;
}

// Sends `count` messages under a few keys and expects each once, in the order of its key.
void send_and_find(const Options& options, int partitions, int count,
                   const std::function<void(int)>& before_each = {}) {
  Outcomes outcomes;
  {
    auto producer = producer_for(options);
    for (int i = 0; i < count; ++i) {
      if (before_each) before_each(i);
      REQUIRE(producer->send("key" + std::to_string(i % 5), std::to_string(i), outcomes.done(i)));
    }
    producer->flush(seconds{30});
    CHECK_FALSE(producer->fatal());
  }
  CHECK(outcomes.once_each(count));
  CHECK(std::cmp_equal(outcomes.delivered.size(), count));

  const auto messages = read_all(options, partitions, static_cast<std::size_t>(count));
  std::map<std::string, int> last;
  std::set<int> numbers;
  for (const Message& message : messages) {
    const int number = std::stoi(message.value);
    CHECK(numbers.insert(number).second);
    if (last.contains(message.key)) CHECK(last[message.key] < number);
    last[message.key] = number;
    CHECK(outcomes.delivered[number].partition == message.partition);
    CHECK(outcomes.delivered[number].offset == message.offset);
  }
  CHECK(std::cmp_equal(numbers.size(), count));
}

std::uint64_t lost_messages() {
  return metrics::counter("logboom_kafka_lost_messages_total",
                          "Messages the broker deleted, or lost, before they were read: lines are "
                          "missing")
      .value();
}

const bool kQuiet = [] { return log::set_level("off").has_value(); }();

}  // namespace

TEST_CASE("every message arrives once, in the order of its key") {
  MockTopic topic;
  send_and_find(topic.options(), 4, 500);
}

TEST_CASE("errors of the broker neither lose, double nor reorder messages") {
  MockTopic topic;
  const auto error =
      GENERATE(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
               RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
               RD_KAFKA_RESP_ERR__TRANSPORT);
  CAPTURE(rd_kafka_err2name(error));
  send_and_find(topic.options(), 4, 100, [&](int i) {
    if (i % 25 == 10) topic.fail_next(MockTopic::kProduce, {error, error});
  });
}

TEST_CASE("messages sent while the broker is away arrive when it is back") {
  MockTopic topic;
  send_and_find(topic.options(), 4, 100, [&](int i) {
    if (i == 20) topic.down();
    if (i == 80) topic.up();
  });
}

TEST_CASE("a key lies in the partition that the Java client's murmur2 gives it") {
  const std::vector<std::pair<std::string, int>> known = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  MockTopic topic(7);
  Outcomes outcomes;
  auto producer = producer_for(topic.options());
  int number = 0;
  for (const auto& [key, hash] : known) REQUIRE(producer->send(key, "x", outcomes.done(number++)));
  producer->flush(seconds{30});
  REQUIRE(outcomes.delivered.size() == known.size());
  number = 0;
  for (const auto& [key, hash] : known) {
    CAPTURE(key);
    CHECK(outcomes.delivered[number++].partition == (hash & 0x7fffffff) % 7);
  }
}

TEST_CASE("a full queue refuses with limit and takes more once the broker has caught up") {
  MockTopic topic;
  topic.down();
  auto producer = producer_for(topic.options(), 1000);
  Outcomes outcomes;
  int sent = 0;
  Result<void> refused;
  while (sent < 100 && refused) {
    refused = producer->send("key", std::string(97, 'x'), outcomes.done(sent));
    if (refused) ++sent;
  }
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::limit);
  CHECK(sent == 10);
  topic.up();
  producer->flush(seconds{30});
  CHECK(producer->send("key", "y", outcomes.done(sent++)));
  producer->flush(seconds{30});
  CHECK(outcomes.once_each(sent));
  CHECK(outcomes.failed.empty());
}

TEST_CASE("a message that the broker would refuse for its size is not taken") {
  MockTopic topic;
  auto producer = producer_for(topic.options());
  Outcomes outcomes;
  const auto refused = producer->send("key", std::string(8 << 20, 'x'), outcomes.done(0));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::too_large);
  // Almost as large is sent.
  REQUIRE(producer->send("key", std::string((8 << 20) - 4096, 'x'), outcomes.done(1)));
  producer->flush(seconds{30});
  CHECK(outcomes.once_each(1));
  CHECK(outcomes.delivered.contains(1));
}

TEST_CASE("a producer that dies calls back what it still held, once, with cancelled") {
  MockTopic topic;
  topic.down();
  Outcomes outcomes;
  {
    auto producer = producer_for(topic.options());
    for (int i = 0; i < 50; ++i) REQUIRE(producer->send("key", "x", outcomes.done(i)));
  }
  CHECK(outcomes.once_each(50));
  REQUIRE(outcomes.failed.size() == 50);
  for (const auto& [number, error] : outcomes.failed) CHECK(error.code == Errc::cancelled);
}

TEST_CASE("a fatal error ends the producer: all are called back and nothing more is taken") {
  MockTopic topic;
  topic.fail_next(MockTopic::kProduce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  auto producer = producer_for(topic.options());
  Outcomes outcomes;
  REQUIRE(producer->send("key", "0", outcomes.done(0)));
  producer->flush(seconds{30});
  int sent = 1;
  while (sent < 10 && producer->send("key", "x", outcomes.done(sent))) ++sent;
  producer->flush(seconds{30});
  CHECK(producer->fatal());
  CHECK(outcomes.once_each(sent));
  CHECK(outcomes.failed.contains(0));
  const auto refused = producer->send("key", "x", outcomes.done(99));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::internal);
  producer.reset();
  CHECK(outcomes.once_each(sent));

  send_and_find(topic.options(), 4, 20);
}

TEST_CASE("a consumer reads each partition from the offset it is told") {
  MockTopic topic(1);
  send_and_find(topic.options(), 1, 100);
  auto consumer = Consumer::open(topic.options(), {{0, 40}});
  REQUIRE(consumer);
  const auto messages = read(**consumer, 60);
  REQUIRE(messages.size() == 60);
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(messages[i].offset == static_cast<std::int64_t>(40 + i));
    CHECK(messages[i].value == std::to_string(40 + i));
  }
  CHECK((*consumer)->lag() == std::map<std::int32_t, std::int64_t>{{0, 0}});
}

TEST_CASE("poll returns no more than asked for and loses nothing between calls") {
  MockTopic topic(1);
  send_and_find(topic.options(), 1, 50);
  auto consumer = Consumer::open(topic.options(), {{0, 0}});
  REQUIRE(consumer);
  std::int64_t next = 0;
  const auto deadline = steady_clock::now() + seconds{30};
  while (next < 50 && steady_clock::now() < deadline) {
    auto some = (*consumer)->poll(milliseconds{100}, 7);
    REQUIRE(some);
    CHECK(some->size() <= 7);
    for (const Message& message : *some) CHECK(message.offset == next++);
    if (next > 0) CHECK((*consumer)->lag() == std::map<std::int32_t, std::int64_t>{{0, 50 - next}});
  }
  CHECK(next == 50);
}

TEST_CASE("an offset beyond the topic's end goes on at the earliest message") {
  MockTopic topic(1);
  send_and_find(topic.options(), 1, 10);
  const auto lost = lost_messages();
  auto consumer = Consumer::open(topic.options(), {{0, 1000}});
  REQUIRE(consumer);
  const auto messages = read(**consumer, 10);
  REQUIRE(messages.size() == 10);
  CHECK(messages[0].offset == 0);
  CHECK(lost_messages() == lost);
}

TEST_CASE("messages that retention deleted before they were read are counted as lost") {
  // The mock broker keeps 5 MiB per partition.
  MockTopic topic(1);
  Outcomes outcomes;
  {
    Options options = topic.options();
    options.properties["compression.type"] = "none";
    auto producer = producer_for(options);
    for (int i = 0; i < 12; ++i) {
      REQUIRE(producer->send("key", std::string(1 << 20, 'x'), outcomes.done(i)));
      producer->flush(seconds{30});
    }
  }
  REQUIRE(outcomes.delivered.size() == 12);
  const auto lost = lost_messages();
  auto consumer = Consumer::open(topic.options(), {{0, 1}});
  REQUIRE(consumer);
  const auto messages = read(**consumer, 1);
  REQUIRE_FALSE(messages.empty());
  CHECK(messages[0].offset > 1);
  CHECK(lost_messages() - lost == static_cast<std::uint64_t>(messages[0].offset - 1));

  // A partition never read loses nothing by that.
  auto newcomer = Consumer::open(topic.options(), {{0, kEarliest}});
  REQUIRE(newcomer);
  REQUIRE_FALSE(read(**newcomer, 1).empty());
  CHECK(lost_messages() - lost == static_cast<std::uint64_t>(messages[0].offset - 1));
}

TEST_CASE("a consumer waits out an outage and errors of the broker") {
  MockTopic topic(1);
  auto consumer = Consumer::open(topic.options(), {{0, 0}});
  REQUIRE(consumer);
  topic.down();
  auto none = (*consumer)->poll(milliseconds{300}, 10);
  REQUIRE(none);
  CHECK(none->empty());
  topic.up();
  topic.fail_next(MockTopic::kFetch,
                  {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
                   RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  send_and_find(topic.options(), 1, 30);
  CHECK(read(**consumer, 30).size() == 30);
}

TEST_CASE("ensure_topic answers how many partitions a topic has") {
  MockTopic topic(6);
  const auto count = ensure_topic(topic.options(), 3, seconds{30});
  REQUIRE(count);
  CHECK(*count == 6);
}

TEST_CASE("ensure_topic says unavailable when no broker answers in time") {
  Options options;
  options.brokers = "127.0.0.1:1";
  const auto refused = ensure_topic(options, 3, milliseconds{200});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::unavailable);
}

TEST_CASE("wrong options are refused with the name of the option") {
  const auto [brokers, property, value, word] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"", "client.id", "x", "kafka.brokers"},
          {"127.0.0.1:1", "no.such.property", "x", "no.such.property"},
          {"127.0.0.1:1", "linger.ms", "often", "linger.ms"},
          {"127.0.0.1:1", "enable.idempotence", "false", "enable.idempotence"},
          {"127.0.0.1:1", "acks", "1", "acks"},
      }));
  Options options;
  options.brokers = brokers;
  options.properties[property] = value;
  const auto producer = Producer::open(options);
  REQUIRE_FALSE(producer);
  CHECK(producer.error().code == Errc::invalid);
  CHECK_THAT(producer.error().message, Catch::Contains(word));
}

TEST_CASE("a real broker keeps every message once and gives it its append time", "[broker]") {
  const char* brokers = std::getenv("LOGBOOM_KAFKA");
  if (brokers == nullptr) {
    WARN("LOGBOOM_KAFKA=host:port is not set: not run");
    return;
  }
  Options options;
  options.brokers = brokers;
  options.topic = "logboom.test." + std::to_string(now_ns());
  const std::int64_t begun = now_ns();
  const auto count = ensure_topic(options, 3, seconds{60});
  REQUIRE(count);
  CHECK(*count == 3);
  CHECK(*ensure_topic(options, 5, seconds{60}) == 3);

  send_and_find(options, 3, 5000);
  const auto messages = read_all(options, 3, 5000);
  for (const Message& message : messages) {
    CHECK(message.append_time_ns >= begun - 1'000'000);
    CHECK(message.append_time_ns <= now_ns());
  }
  auto tail = Consumer::open(options, {{messages.back().partition, messages.back().offset}});
  REQUIRE(tail);
  const auto last = read(**tail, 1);
  REQUIRE_FALSE(last.empty());
  CHECK(last[0].value == messages.back().value);

  Options bad_name = options;
  bad_name.topic = "no spaces allowed";
  const auto refused = ensure_topic(bad_name, 1, seconds{30});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid);
}

}  // namespace logboom::kafka
