#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/kafka/client.h"
#include "core/log.h"
#include "core/metrics.h"

namespace logboom::kafka {
namespace {

using std::chrono::milliseconds;

// How soon the producer's thread sees that it shall stop, or that an error was fatal.
constexpr int kPollMs = 50;
// What a record batch adds to a message: its header, the record's, and the key's and value's
// lengths.
constexpr std::size_t kMessageOverhead = 512;

struct Meters {
  metrics::Counter& messages =
      metrics::counter("logboom_kafka_sent_messages_total", "Messages a broker acknowledged");
  metrics::Counter& bytes = metrics::counter("logboom_kafka_sent_bytes_total",
                                             "Bytes of acknowledged messages, uncompressed");
  metrics::Counter& errors =
      metrics::counter("logboom_kafka_send_errors_total", "Messages that were not acknowledged");
  metrics::Counter& outages = metrics::counter("logboom_kafka_producer_outages_total",
                                               "Times that no broker could be reached");
  metrics::Gauge& queued =
      metrics::gauge("logboom_kafka_queued_bytes", "Bytes sent and not yet acknowledged");
};

Meters& meters() {
  static Meters meters;
  return meters;
}

class RealProducer final : public Producer {
 public:
  RealProducer(std::string topic_name, std::size_t max_queued_bytes)
      : topic_name_(std::move(topic_name)), max_queued_bytes_(max_queued_bytes) {}

  ~RealProducer() override {
    // The thread calls back what is left; only then may the handle go.
    thread_ = {};
    topic_.reset();
    handle_.reset();
  }

  Result<void> start(const Options& options) {
    auto conf = configure(
        options,
        {{"enable.idempotence", "true", true},
         {"acks", "all", true},
         {"partitioner", "murmur2", true},
         {"message.timeout.ms", "0", true},
         {"message.max.bytes", std::to_string(kMaxMessageBytes), true},
         {"compression.type", "zstd"},
         {"linger.ms", "5"},
         {"statistics.interval.ms", "0"},
         // The bound is ours, by bytes; librdkafka's own must not be met first.
         {"queue.buffering.max.messages", "0"},
         {"queue.buffering.max.kbytes", std::to_string(max_queued_bytes_ / 1024 * 2 + 64 * 1024)},
         {"reconnect.backoff.max.ms", "2000"}});
    if (!conf) return fail(std::move(conf).error());
    rd_kafka_conf_set_opaque(conf->get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf->get(), delivered);
    rd_kafka_conf_set_error_cb(conf->get(), failed);
    auto handle = create(std::move(*conf), false);
    if (!handle) return fail(std::move(handle).error());
    handle_ = std::move(*handle);
    auto topic = open_topic(handle_, topic_name_);
    if (!topic) return fail(std::move(topic).error());
    topic_ = std::move(*topic);
    thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
    return {};
  }

  Result<void> send(std::string_view key, std::string value, Done done) override {
    if (fatal())
      return fail(Errc::internal, "Kafka: the producer had a fatal error; make a new one");
    const std::size_t size = key.size() + value.size();
    if (size + kMessageOverhead > kMaxMessageBytes)
      return fail(Errc::too_large, "Kafka: a message of " + std::to_string(size) +
                                       " bytes; at most " +
                                       std::to_string(kMaxMessageBytes - kMessageOverhead));
    const std::size_t before = queued_bytes_.fetch_add(size);
    // One message alone may pass the limit: it could never be sent otherwise.
    if (before + size > max_queued_bytes_ && before > 0) {
      queued_bytes_.fetch_sub(size);
      return fail(Errc::limit, "Kafka: " + std::to_string(before) +
                                   " bytes wait for acknowledgement; send again later");
    }
    auto sent = std::make_unique<Sent>(std::move(value), std::move(done), size);
    outstanding_.fetch_add(1);
    meters().queued.add(static_cast<std::int64_t>(size));
    const rd_kafka_resp_err_t code = rd_kafka_producev(
        handle_.get(), RD_KAFKA_V_RKT(topic_.get()), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
        RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(sent->value.data(), sent->value.size()), RD_KAFKA_V_MSGFLAGS(0),
        RD_KAFKA_V_OPAQUE(sent.get()), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      static_cast<void>(sent.release());  // delivered() takes it back
      return {};
    }
    settle(size);
    return fail(error_of(code, "Kafka: send to '" + topic_name_ + "'"));
  }

  bool fatal() const override { return fatal_.load(); }

  void flush(milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, timeout, [&] { return outstanding_.load() == 0; });
  }

 private:
  // The value stays here until the broker has it, so librdkafka copies nothing.
  struct Sent {
    Sent(std::string v, Done d, std::size_t s) : value(std::move(v)), done(std::move(d)), size(s) {}
    std::string value;
    Done done;
    std::size_t size;
  };

  void work(std::stop_token stop) {
    while (!stop.stop_requested()) {
      rd_kafka_poll(handle_.get(), kPollMs);
      // After a fatal error nothing is sent any more: those who wait must hear of it.
      if (fatal()) purge();
    }
    while (outstanding_.load() > 0) {
      purge();
      rd_kafka_poll(handle_.get(), kPollMs);
    }
  }

  void purge() {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                      RD_KAFKA_PURGE_F_NON_BLOCKING);
  }

  void settle(std::size_t size) {
    queued_bytes_.fetch_sub(size);
    meters().queued.add(-static_cast<std::int64_t>(size));
    if (outstanding_.fetch_sub(1) == 1) {
      {
        const std::lock_guard lock(mutex_);
      }
      idle_.notify_all();
    }
  }

  static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<RealProducer*>(opaque);
    const std::unique_ptr<Sent> sent(static_cast<Sent*>(message->_private));
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      meters().messages.add();
      meters().bytes.add(sent->size);
      if (self.outage_.exchange(false)) log::info("Kafka: brokers are back");
      sent->done(Delivered{message->partition, message->offset});
    } else {
      meters().errors.add();
      Error error = error_of(message->err, "Kafka: deliver to '" + self.topic_name_ + "'");
      if (self.fatal()) error.code = Errc::internal;
      sent->done(fail(std::move(error)));
    }
    self.settle(sent->size);
  }

  static void failed(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<RealProducer*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
      std::array<char, 512> text{};
      rd_kafka_fatal_error(handle, text.data(), text.size());
      if (!self.fatal_.exchange(true))
        log::error("Kafka: the producer cannot keep order any more", {{"error", text.data()}});
      return;
    }
    const Error error = error_of(code, "Kafka", reason);
    if (error.code != Errc::unavailable) {
      log::warn("Kafka: producer", {{"error", error.message}});
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self.outage_.exchange(true)) {
      meters().outages.add();
      log::warn("Kafka: no broker can be reached; waiting for one", {{"error", error.message}});
    }
  }

  const std::string topic_name_;
  const std::size_t max_queued_bytes_;
  Handle handle_;
  Topic topic_;
  std::atomic<std::size_t> queued_bytes_ = 0, outstanding_ = 0;
  std::atomic<bool> fatal_ = false, outage_ = false;
  std::mutex mutex_;  // guards nothing but the wait for outstanding_ == 0
  std::condition_variable idle_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Producer>> Producer::open(const Options& options,
                                                 std::size_t max_queued_bytes) {
  auto producer = std::make_unique<RealProducer>(options.topic, max_queued_bytes);
  if (auto started = producer->start(options); !started) return fail(std::move(started).error());
  return producer;
}

}  // namespace logboom::kafka
