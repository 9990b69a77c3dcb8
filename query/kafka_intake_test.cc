#include "query/kafka_intake.h"

#include <catch2/catch.hpp>

#include "core/kafka/mock_cluster.h"
#include "core/otlp.h"

namespace logboom::query {
namespace {

Batch batch_of(std::size_t lines, std::size_t bytes) {
  Batch batch;
  batch.tool = "mytool";
  batch.redacted = true;
  batch.columns = {{"pod", "p"}};
  for (const auto* job : {"a", "b"}) {
    batch.streams.emplace_back(std::vector<Labels::Pair>{{"job", job}});
  }
  for (std::size_t i = 0; i < lines; ++i) {
    Record record;
    record.time_ns = static_cast<std::int64_t>(i);
    record.stream = i % 2 == 0 ? 1 : 0;
    record.body = batch.arena.copy(std::to_string(i) + std::string(bytes, '.'));
    batch.records.push_back(std::move(record));
  }
  return batch;
}

std::vector<Batch> one(Batch batch) {
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  return batches;
}

}  // namespace

TEST_CASE("what the Kafka intake accepts is in the topic, large batches cut up in order") {
  const kafka::MockTopic topic(1);
  auto intake = kafka_intake(topic.options());
  REQUIRE(intake.has_value());
  const std::size_t lines = 100, bytes = 50'000;
  const auto accepted = (*intake)->accept(one(batch_of(lines, bytes)));
  REQUIRE(accepted.has_value());
  REQUIRE(accepted->size() == 1);
  CHECK(accepted->front().kind == store::Appended::Kind::stored);
  CHECK(accepted->front().lines == lines);

  auto consumer = kafka::Consumer::open(topic.options(), {{0, 0}});
  REQUIRE(consumer.has_value());
  std::size_t seen = 0, messages = 0;
  while (seen < lines) {
    auto polled = (*consumer)->poll(std::chrono::seconds(20), 100);
    REQUIRE(polled.has_value());
    REQUIRE_FALSE(polled->empty());
    for (auto& message : *polled) {
      ++messages;
      CHECK(message.key == "mytool");
      CHECK(message.value.size() < 2 * kMessageBytes);
      const auto decoded = otlp::decode(std::move(message.value), "");
      REQUIRE(decoded.has_value());
      for (const auto& batch : decoded->batches) {
        CHECK(batch.tool == "mytool");
        CHECK(batch.redacted);
        CHECK(batch.columns == std::vector<Attribute>{{"pod", "p"}});
        seen += batch.records.size();
        for (const auto& record : batch.records) {
          CHECK(batch.streams[record.stream].get("job") == (record.time_ns % 2 == 0 ? "b" : "a"));
          CHECK(record.body.starts_with(std::to_string(record.time_ns) + "."));
        }
      }
    }
  }
  CHECK(seen == lines);
  CHECK(messages > 3);
}

TEST_CASE("the Kafka intake promises nothing while the broker is away") {
  kafka::MockTopic topic(1);
  auto intake = kafka_intake(topic.options(), std::chrono::milliseconds(300));
  REQUIRE(intake.has_value());
  topic.down();
  const auto refused = (*intake)->accept(one(batch_of(1, 10)));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::unavailable);
  topic.up();
}

}  // namespace logboom::query
