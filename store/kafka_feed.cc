#include "store/kafka_feed.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "core/log.h"
#include "core/metrics.h"
#include "core/otlp.h"
#include "core/stop.h"

namespace logboom::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long stop() may have to wait for a quiet topic.
constexpr milliseconds kPollTimeout{100};
constexpr std::chrono::seconds kLagEvery{1};
constexpr std::chrono::minutes kLogEvery{1};

struct Meters {
  metrics::Counter& messages = metrics::counter("logboom_store_feed_messages_total",
                                                "Messages read from Kafka and committed");
  metrics::Counter& bytes =
      metrics::counter("logboom_store_feed_bytes_total", "Bytes of those messages");
  metrics::Counter& undecodable =
      metrics::counter("logboom_store_feed_undecodable_messages_total",
                       "Messages passed over because they are not OTLP that can be stored");
  metrics::Counter& rejected =
      metrics::counter("logboom_store_feed_rejected_records_total",
                       "Records of foreign messages passed over because they are over a limit");
  metrics::Counter& failures =
      metrics::counter("logboom_store_feed_failures_total",
                       "Times that reading or committing had to be tried again");
};

Meters& meters() {
  static Meters meters;
  return meters;
}

void set_lag(std::int32_t partition, std::int64_t messages) {
  metrics::gauge("logboom_store_feed_lag_messages",
                 "Messages in the broker that are not stored yet",
                 {{"partition", std::to_string(partition)}})
      .set(messages);
}

// True at most once per kLogEvery. The feed has one thread, and so does each of these.
class Seldom {
 public:
  bool due() {
    const auto now = steady_clock::now();
    if (last_ && now - *last_ < kLogEvery) return false;
    last_ = now;
    return true;
  }

 private:
  std::optional<steady_clock::time_point> last_;
};

bool is_the_messages_fault(const Error& error) {
  return error.code == Errc::invalid || error.code == Errc::too_large;
}

void tell_undecodable(const kafka::Message& message, const Error& error) {
  meters().undecodable.add();
  thread_local Seldom seldom;
  if (!seldom.due()) return;
  log::warn("Kafka: a message cannot be stored and is passed over",
            {{"partition", message.partition},
             {"offset", message.offset},
             {"key", message.key.substr(0, 100)},
             {"error", error.message}});
}

void tell_failure(std::string_view what, const Error& error) {
  meters().failures.add();
  thread_local Seldom seldom;
  if (seldom.due()) log::error(what, {{"error", error.message}});
}

}  // namespace

Result<std::unique_ptr<KafkaFeed>> KafkaFeed::start(Options options, Store& store,
                                                    const Redactor& redactor) {
  Sink sink{[&store](std::uint32_t partition, std::vector<Logged> messages) {
              return store.append_logged(partition, std::move(messages));
            },
            [&store](std::uint32_t partition) { return store.next_offset(partition); }};
  return start(std::move(options), std::move(sink), redactor);
}

Result<std::unique_ptr<KafkaFeed>> KafkaFeed::start(Options options, Sink sink,
                                                    const Redactor& redactor) {
  if (options.partitions.empty()) {
    if (options.partition_count < 1)
      return fail(Errc::invalid, "kafka.partitions: must be at least 1");
    for (std::int32_t i = 0; i < options.partition_count; ++i) options.partitions.push_back(i);
  }
  if (auto known = check_tool_name(options.fallback_tool); !known)
    return fail(std::move(known).error());
  std::unique_ptr<KafkaFeed> feed(new KafkaFeed(std::move(options), std::move(sink), redactor));
  // Wrong options show here; a broker that is away does not.
  auto consumer = feed->open_consumer();
  if (!consumer) return fail(std::move(consumer).error());
  feed->thread_ =
      std::jthread([&self = *feed, first = *std::move(consumer)](
                       const std::stop_token& stop) mutable { self.run(std::move(first), stop); });
  return feed;
}

void KafkaFeed::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<kafka::Consumer>> KafkaFeed::open_consumer() const {
  std::map<std::int32_t, std::int64_t> from;
  for (const std::int32_t partition : options_.partitions) {
    const auto next = sink_.next_offset(static_cast<std::uint32_t>(partition));
    from[partition] = next ? static_cast<std::int64_t>(*next) : kafka::kEarliest;
  }
  return kafka::Consumer::open(options_.kafka, from);
}

// After a failure the consumer is opened anew at the store's offsets: the broker keeps the messages
// for us, so none is held here while the disk is full, and none can be left out.
void KafkaFeed::run(std::unique_ptr<kafka::Consumer> consumer, const std::stop_token& stop) {
  Backoff backoff;
  while (true) {
    const std::uint64_t committed = meters().messages.value();
    const auto fed = feed(*consumer, stop);
    if (fed) return;
    tell_failure("Kafka: lines wait in the broker until this is mended", fed.error());
    if (meters().messages.value() != committed) backoff.reset();
    if (!sleep_for(stop, backoff.next())) return;
    auto next = open_consumer();
    while (!next) {
      tell_failure("Kafka: cannot read on", next.error());
      if (!sleep_for(stop, backoff.next())) return;
      next = open_consumer();
    }
    consumer = *std::move(next);
  }
}

// Ends well only when asked to stop.
Result<void> KafkaFeed::feed(kafka::Consumer& consumer, const std::stop_token& stop) {
  auto lag_due = steady_clock::now();
  while (!stop.stop_requested()) {
    auto messages = consumer.poll(kPollTimeout, cautious_ > 0 ? 1 : kPollMessages);
    if (!messages) return fail(std::move(messages).error());
    if (!messages->empty()) {
      auto appended = append(std::move(*messages));
      if (!appended) return appended;
    }
    if (steady_clock::now() < lag_due) continue;
    for (const auto& [partition, lag] : consumer.lag()) set_lag(partition, lag);
    lag_due = steady_clock::now() + kLagEvery;
  }
  return {};
}

Result<void> KafkaFeed::append(std::vector<kafka::Message> messages) {
  if (cautious_ > 0) {
    --cautious_;
    return append_alone(messages.front());
  }
  std::map<std::int32_t, std::vector<Logged>> partitions;
  std::map<std::int32_t, std::size_t> bytes;
  for (const kafka::Message& message : messages) {
    partitions[message.partition].push_back(decode(message));
    bytes[message.partition] += message.value.size();
  }
  for (auto& [partition, logged] : partitions) {
    const std::size_t count = logged.size();
    auto appended = sink_.append_logged(static_cast<std::uint32_t>(partition), std::move(logged));
    if (!appended) {
      if (is_the_messages_fault(appended.error())) cautious_ = kPollMessages;
      return appended;
    }
    meters().messages.add(count);
    meters().bytes.add(bytes[partition]);
  }
  return {};
}

// Finds the message that the store will never take, and passes over it alone.
Result<void> KafkaFeed::append_alone(const kafka::Message& message) {
  const auto commit = [&](Logged logged) {
    std::vector<Logged> one;
    one.push_back(std::move(logged));
    return sink_.append_logged(static_cast<std::uint32_t>(message.partition), std::move(one));
  };
  auto appended = commit(decode(message));
  if (!appended && is_the_messages_fault(appended.error())) {
    tell_undecodable(message, appended.error());
    cautious_ = 0;
    appended = commit({.offset = static_cast<std::uint64_t>(message.offset),
                       .append_time_ns = message.append_time_ns,
                       .batches = {}});
  }
  if (!appended) return appended;
  meters().messages.add();
  meters().bytes.add(message.value.size());
  return {};
}

Logged KafkaFeed::decode(const kafka::Message& message) const {
  Logged logged{.offset = static_cast<std::uint64_t>(message.offset),
                .append_time_ns = message.append_time_ns,
                .batches = {}};
  const std::string& tool = check_tool_name(message.key) ? message.key : options_.fallback_tool;
  auto decoded = otlp::decode(message.value, tool);
  if (!decoded) {
    tell_undecodable(message, decoded.error());
    return logged;
  }
  meters().rejected.add(decoded->rejected);
  logged.batches = std::move(decoded->batches);
  for (Batch& batch : logged.batches)
    if (!batch.redacted) redactor_.redact(batch);
  return logged;
}

}  // namespace logboom::store
