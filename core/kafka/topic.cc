#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

#include "core/kafka/client.h"
#include "core/log.h"
#include "core/stop.h"

namespace logboom::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long one question to the broker may take before it is asked again.
constexpr milliseconds kAsk{1000};
constexpr int kMaxPartitions = 10'000;

int ms_left(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds{1}, kAsk).count());
}

// How many partitions the topic has that have a leader; 0: it does not exist (yet).
Result<int> visible_partitions(const Handle& handle, const Topic& topic, int timeout_ms) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(handle.get(), 0, topic.get(), &metadata, timeout_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(error_of(code, "Kafka: ask for the topic"));
  const std::unique_ptr<const rd_kafka_metadata_t, decltype(&rd_kafka_metadata_destroy)> owner(
      metadata, rd_kafka_metadata_destroy);
  if (metadata->topic_cnt != 1) return 0;
  const rd_kafka_metadata_topic& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return 0;
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(error_of(found.err, std::string("Kafka: topic '") + found.topic + "'"));
  for (int i = 0; i < found.partition_cnt; ++i)
    if (found.partitions[i].leader < 0)
      return fail(Errc::unavailable,
                  std::string("Kafka: topic '") + found.topic + "': a partition has no leader");
  return found.partition_cnt;
}

Result<void> create_topic(const Handle& handle, const std::string& name, int partitions,
                          int timeout_ms) {
  std::array<char, 512> text{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(name.c_str(), partitions, -1, text.data(), text.size());
  if (wanted == nullptr) return fail(Errc::invalid, "Kafka: topic '" + name + "': " + text.data());
  rd_kafka_NewTopic_set_config(wanted, "message.timestamp.type", "LogAppendTime");
  rd_kafka_NewTopic_set_config(wanted, "max.message.bytes",
                               std::to_string(kMaxMessageBytes).c_str());
  const Queue queue(rd_kafka_queue_new(handle.get()));
  rd_kafka_AdminOptions_t* options =
      rd_kafka_AdminOptions_new(handle.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text.data(), text.size());
  rd_kafka_CreateTopics(handle.get(), &wanted, 1, options, queue.get());
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_NewTopic_destroy(wanted);

  // The request's own timeout ends this wait.
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue.get(), -1);
  const std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)> owner(
      event, rd_kafka_event_destroy);
  const std::string doing = "Kafka: create topic '" + name + "'";
  if (const auto code = rd_kafka_event_error(event); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* why = rd_kafka_event_error_string(event);
    return fail(error_of(code, doing, why != nullptr ? why : ""));
  }
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const char* why = rd_kafka_topic_result_error_string(results[i]);
    return fail(error_of(code, doing, why != nullptr ? why : ""));
  }
  return {};
}

}  // namespace

Result<int> ensure_topic(const Options& options, int partitions, milliseconds timeout) {
  if (partitions < 1 || partitions > kMaxPartitions)
    return fail(Errc::invalid, "kafka.partitions: " + std::to_string(partitions) +
                                   "; must be 1 to " + std::to_string(kMaxPartitions));
  // A consumer's handle, because asking as a producer could make the topic, with the broker's
  // default number of partitions.
  auto conf = configure(options, {{"reconnect.backoff.max.ms", "1000"}});
  if (!conf) return fail(std::move(conf).error());
  auto handle = create(std::move(*conf), true);
  if (!handle) return fail(std::move(handle).error());
  auto topic = open_topic(*handle, options.topic);
  if (!topic) return fail(std::move(topic).error());

  const auto deadline = steady_clock::now() + timeout;
  Backoff backoff;
  bool created = false;
  while (true) {
    Result<int> visible = visible_partitions(*handle, *topic, ms_left(deadline));
    if (visible && *visible > 0) return visible;
    Error error{Errc::unavailable, "Kafka: topic '" + options.topic + "' is not visible yet"};
    if (!visible) {
      error = std::move(visible).error();
    } else if (!created) {
      auto made = create_topic(*handle, options.topic, partitions, ms_left(deadline));
      created = made.has_value();
      if (created) log::info("Kafka: topic created", {{"topic", options.topic}});
      if (!made) error = std::move(made).error();
    }
    // Authorization and names do not mend themselves; everything else may.
    if (error.code == Errc::denied || error.code == Errc::invalid)
      return fail(Errc::invalid, std::move(error.message));
    if (steady_clock::now() >= deadline)
      return fail(Errc::unavailable, std::move(error.message) + " (waited " +
                                         std::to_string(timeout.count()) + " ms)");
    sleep_for({}, std::min(backoff.next(), milliseconds(ms_left(deadline))));
  }
}

}  // namespace logboom::kafka
