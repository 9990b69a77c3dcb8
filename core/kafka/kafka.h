// Apache Kafka through librdkafka: the producer collectors and servers use, the consumer of the
// store, and the topic's set-up. librdkafka's types stay in the .cc files.
//
// Why not polled from Asio: librdkafka has threads and queues of its own; one jthread per consumer
// that polls, decodes and appends is easier to reason about, and backpressure is not polling.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace logboom::kafka {

struct Options {
  std::string brokers;  // host:port,host:port
  std::string topic = "logboom.logs";
  std::map<std::string, std::string> properties;  // any of librdkafka's, e.g. security.protocol
};

struct Delivered {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

// Idempotent (acks=all, retried without end by librdkafka), zstd, partition by murmur2 of the key
// as the Java client does, so that all of a tool lies in one partition, in the order it was sent.
// Limits:  `max_queued_bytes` in flight; send() then answers `limit` and takes nothing.
// Threads: send() from any; callbacks come from the producer's own thread, in order per key.
class Producer {
 public:
  using Done = std::move_only_function<void(Result<Delivered>)>;
  static Result<std::unique_ptr<Producer>> open(const Options& options,
                                                std::size_t max_queued_bytes = 64 << 20);
  virtual ~Producer() = default;  // what is still queued is called back with `cancelled`

  // Errors: limit (queue full), too_large (the broker would refuse it), internal (fatal, see
  // below). `done` is called exactly once if and only if send() succeeded.
  [[nodiscard]] virtual Result<void> send(std::string_view key, std::string value, Done done) = 0;
  // After a fatal error (idempotence cannot be kept) nothing more is sent: make a new producer and
  // start again from the checkpoint.
  [[nodiscard]] virtual bool fatal() const = 0;
  virtual void flush(std::chrono::milliseconds timeout) = 0;
};

struct Message {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t append_time_ns = 0;  // the broker's; 0 where the topic keeps producers' times
  std::string key, value;
};

// Instead of an offset: from the oldest message there is, for a partition that was never read.
inline constexpr std::int64_t kEarliest = -2;

// Reads the given partitions, each from the offset the store says: no consumer group, no commits.
// Where an offset no longer exists (retention) it goes on at the earliest and says so: `lost`.
// Threads: one.
class Consumer {
 public:
  static Result<std::unique_ptr<Consumer>> open(const Options& options,
                                                const std::map<std::int32_t, std::int64_t>& from);
  virtual ~Consumer() = default;
  // Up to `most` messages; waits at most `timeout` for the first. In order per partition. Broker
  // outages are waited out (logged once per outage, counted), never returned.
  [[nodiscard]] virtual Result<std::vector<Message>> poll(std::chrono::milliseconds timeout,
                                                          std::size_t most) = 0;
  // Per partition: how many messages the broker has beyond what poll() returned.
  [[nodiscard]] virtual std::map<std::int32_t, std::int64_t> lag() const = 0;
};

// Makes the topic with this many partitions if it is not there (replication factor: the broker's
// default; message.timestamp.type=LogAppendTime, max.message.bytes=8 MiB) and returns how many it
// has. Waits up to `timeout` for the broker. Errors: unavailable, invalid (authorization, name).
[[nodiscard]] Result<int> ensure_topic(const Options& options, int partitions,
                                       std::chrono::milliseconds timeout);

}  // namespace logboom::kafka
