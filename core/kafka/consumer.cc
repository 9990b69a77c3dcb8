// The simple consumer of librdkafka: no group and no coordinator, which would make the broker keep
// offsets of its own; where to read is the store's to say (DESIGN 4.10).
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "core/kafka/client.h"
#include "core/log.h"
#include "core/metrics.h"

namespace logboom::kafka {
namespace {

using std::chrono::milliseconds;

// Fetched and not yet polled, over all partitions.
constexpr int kQueuedKib = 64 * 1024;
// One poll() returns about this much at most, whatever `most` says; one message may pass it.
constexpr std::size_t kPollBytes = 16 << 20;

struct Meters {
  metrics::Counter& lost = metrics::counter(
      "logboom_kafka_lost_messages_total",
      "Messages the broker deleted, or lost, before they were read: lines are missing");
  metrics::Counter& resets = metrics::counter("logboom_kafka_offset_resets_total",
                                              "Times an offset to read no longer existed");
  metrics::Counter& outages = metrics::counter("logboom_kafka_consumer_outages_total",
                                               "Times that no broker could be reached");
};

Meters& meters() {
  static Meters meters;
  return meters;
}

class RealConsumer final : public Consumer {
 public:
  explicit RealConsumer(std::string topic_name) : topic_name_(std::move(topic_name)) {}

  ~RealConsumer() override {
    for (const auto& [partition, place] : partitions_)
      if (place.started) rd_kafka_consume_stop(topic_.get(), partition);
    queue_.reset();
    topic_.reset();
    handle_.reset();
  }

  Result<void> start(const Options& options, const std::map<std::int32_t, std::int64_t>& from) {
    auto conf = configure(options, {{"enable.auto.commit", "false", true},
                                    {"enable.auto.offset.store", "false", true},
                                    {"auto.offset.reset", "error", true},
                                    {"enable.partition.eof", "false", true},
                                    {"queued.max.messages.kbytes", std::to_string(kQueuedKib)},
                                    {"message.max.bytes", std::to_string(kMaxMessageBytes)},
                                    {"fetch.message.max.bytes", std::to_string(4 << 20)},
                                    {"fetch.max.bytes", std::to_string(16 << 20)},
                                    {"fetch.error.backoff.ms", "100"},
                                    {"statistics.interval.ms", "0"},
                                    {"reconnect.backoff.max.ms", "2000"}});
    if (!conf) return fail(std::move(conf).error());
    rd_kafka_conf_set_opaque(conf->get(), this);
    rd_kafka_conf_set_error_cb(conf->get(), failed);
    auto handle = create(std::move(*conf), true);
    if (!handle) return fail(std::move(handle).error());
    handle_ = std::move(*handle);
    auto topic = open_topic(handle_, topic_name_);
    if (!topic) return fail(std::move(topic).error());
    topic_ = std::move(*topic);
    queue_.reset(rd_kafka_queue_new(handle_.get()));
    for (const auto& [partition, offset] : from) {
      partitions_[partition].next = offset;
      if (auto begun = begin(partition, offset == kEarliest ? RD_KAFKA_OFFSET_BEGINNING : offset);
          !begun)
        return begun;
    }
    return {};
  }

  Result<std::vector<Message>> poll(milliseconds timeout, std::size_t most) override {
    rd_kafka_poll(handle_.get(), 0);  // serves failed()
    std::vector<Message> messages;
    std::size_t bytes = 0;
    if (!pending_error_) {
      const auto deadline = std::chrono::steady_clock::now() + timeout;
      while (messages.size() < most && bytes < kPollBytes && !pending_error_) {
        const auto left =
            std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        const auto wait = messages.empty() ? std::max(left, milliseconds{0}) : milliseconds{0};
        const MessagePointer message(
            rd_kafka_consume_queue(queue_.get(), static_cast<int>(wait.count())));
        if (!message) break;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
          on_error(*message);
          continue;
        }
        messages.push_back(take(*message));
        bytes += messages.back().key.size() + messages.back().value.size();
      }
    }
    if (!messages.empty() || !pending_error_) return messages;
    return fail(*std::exchange(pending_error_, std::nullopt));
  }

  std::map<std::int32_t, std::int64_t> lag() const override {
    std::map<std::int32_t, std::int64_t> result;
    for (const auto& [partition, place] : partitions_) {
      std::int64_t low = 0, high = 0;
      const auto code = rd_kafka_get_watermark_offsets(handle_.get(), topic_name_.c_str(),
                                                       partition, &low, &high);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) continue;  // nothing fetched yet
      result[partition] = std::max<std::int64_t>(0, high - std::max(place.next, low));
    }
    return result;
  }

 private:
  struct Place {
    std::int64_t next = 0;  // of the message poll() returns next, or kEarliest
    bool started = false;
    bool reset = false;  // `next` did not exist; where reading went on, the first message tells
  };
  struct Destroy {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  };
  using MessagePointer = std::unique_ptr<rd_kafka_message_t, Destroy>;

  Result<void> begin(std::int32_t partition, std::int64_t offset) {
    if (rd_kafka_consume_start_queue(topic_.get(), partition, offset, queue_.get()) != 0)
      return fail(error_of(rd_kafka_last_error(), where(partition)));
    partitions_[partition].started = true;
    return {};
  }

  std::string where(std::int32_t partition) const {
    return "Kafka: topic '" + topic_name_ + "', partition " + std::to_string(partition);
  }

  Message take(const rd_kafka_message_t& from) {
    Message message;
    message.partition = from.partition;
    message.offset = from.offset;
    rd_kafka_timestamp_type_t type{};
    const std::int64_t time_ms = rd_kafka_message_timestamp(&from, &type);
    // A producer's time may be anything; retention counts from the broker's.
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME && time_ms > 0) {
      message.append_time_ns = time_ms * 1'000'000;
    }
    if (from.key != nullptr) message.key.assign(static_cast<const char*>(from.key), from.key_len);
    if (from.payload != nullptr)
      message.value.assign(static_cast<const char*>(from.payload), from.len);

    Place& place = partitions_[from.partition];
    if (place.reset) tell_loss(from.partition, place.next, from.offset);
    place.reset = false;
    place.next = from.offset + 1;
    if (std::exchange(outage_, false)) log::info("Kafka: brokers are back");
    return message;
  }

  void tell_loss(std::int32_t partition, std::int64_t wanted, std::int64_t found) {
    if (found > wanted) {
      const auto lost = static_cast<std::uint64_t>(found - wanted);
      meters().lost.add(lost);
      log::error("Kafka: messages were deleted before they were read: lost",
                 {{"partition", partition}, {"messages", lost}, {"from", wanted}, {"to", found}});
    } else {
      log::error(
          "Kafka: the topic ends before the offset already read: it was made anew, or its broker "
          "lost data; messages below that offset are not stored again",
          {{"partition", partition}, {"read", wanted}, {"begins", found}});
    }
  }

  void on_error(const rd_kafka_message_t& message) {
    const bool no_such_offset = message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                                message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    const char* text = rd_kafka_message_errstr(&message);
    Error error = error_of(message.err, where(message.partition), text != nullptr ? text : "");
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF || error.code == Errc::unavailable) return;
    const auto found = partitions_.find(message.partition);
    if (!no_such_offset || found == partitions_.end()) {
      pending_error_ = std::move(error);
      return;
    }
    Place& place = found->second;
    if (place.next != kEarliest) {
      place.reset = true;
      meters().resets.add();
      log::warn("Kafka: the offset to read does not exist any more; going on at the earliest",
                {{"partition", message.partition}, {"offset", place.next}});
    }
    rd_kafka_consume_stop(topic_.get(), message.partition);
    place.started = false;
    if (auto begun = begin(message.partition, RD_KAFKA_OFFSET_BEGINNING); !begun)
      pending_error_ = std::move(begun).error();
  }

  static void failed(rd_kafka_t*, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<RealConsumer*>(opaque);
    const Error error = error_of(code, "Kafka", reason);
    if (error.code != Errc::unavailable) {
      log::warn("Kafka: consumer", {{"error", error.message}});
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !std::exchange(self.outage_, true)) {
      meters().outages.add();
      log::warn("Kafka: no broker can be reached; waiting for one", {{"error", error.message}});
    }
  }

  const std::string topic_name_;
  Handle handle_;
  Topic topic_;
  Queue queue_;
  std::map<std::int32_t, Place> partitions_;
  std::optional<Error> pending_error_;
  bool outage_ = false;
};

}  // namespace

Result<std::unique_ptr<Consumer>> Consumer::open(const Options& options,
                                                 const std::map<std::int32_t, std::int64_t>& from) {
  auto consumer = std::make_unique<RealConsumer>(options.topic);
  if (auto started = consumer->start(options, from); !started)
    return fail(std::move(started).error());
  return consumer;
}

}  // namespace logboom::kafka
