// The store's share of Kafka: reads partitions from where the store stands and commits what they
// hold.
//
// One thread polls, decodes, redacts what no sender of ours has redacted, and appends. The offset
// to read next is in the same commit as the lines, so a message is stored once, whatever is killed.
// A message that cannot be decoded is counted and passed over; one that the store cannot take now
// is asked of the broker again until it can: nothing is skipped for lack of space.
//
// Limits:  kPollMessages and the consumer's own bytes are held at once; the rest waits in the
// broker. Errors:  start() fails only on wrong options. Outages of the broker and of the disk are
// waited out. Owns:    the thread and the consumer; not the store and the redactor, which must
// outlive it. Threads: start, stop and the destructor from one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/kafka/kafka.h"
#include "core/redaction.h"
#include "core/result.h"
#include "store/store.h"

namespace logboom::store {

class KafkaFeed {
 public:
  static constexpr std::size_t kPollMessages = 1000;

  struct Options {
    kafka::Options kafka;
    int partition_count = 1;                    // of the topic: all of them are read ...
    std::vector<std::int32_t> partitions = {};  // ... unless some are named
    std::string fallback_tool = "local";        // for foreign messages whose key names no tool
  };
  // Where messages go: Store's two functions of the same names.
  struct Sink {
    std::function<Result<void>(std::uint32_t partition, std::vector<Logged>)> append_logged;
    std::function<std::optional<std::uint64_t>(std::uint32_t partition)> next_offset;
  };

  static Result<std::unique_ptr<KafkaFeed>> start(Options options, Store& store,
                                                  const Redactor& redactor);
  static Result<std::unique_ptr<KafkaFeed>> start(Options options, Sink sink,
                                                  const Redactor& redactor);
  ~KafkaFeed() { stop(); }
  KafkaFeed(const KafkaFeed&) = delete;
  KafkaFeed& operator=(const KafkaFeed&) = delete;

  // Finishes the commit under way; what was polled and not committed is read again next time.
  void stop();

 private:
  KafkaFeed(Options options, Sink sink, const Redactor& redactor)
      : options_(std::move(options)), sink_(std::move(sink)), redactor_(redactor) {}

  Result<std::unique_ptr<kafka::Consumer>> open_consumer() const;
  void run(std::unique_ptr<kafka::Consumer> consumer, const std::stop_token& stop);
  Result<void> feed(kafka::Consumer& consumer, const std::stop_token& stop);
  Result<void> append(std::vector<kafka::Message> messages);
  Result<void> append_alone(const kafka::Message& message);
  Logged decode(const kafka::Message& message) const;

  const Options options_;
  const Sink sink_;
  const Redactor& redactor_;
  // Messages still to be appended one by one, because the store refused one of several.
  std::size_t cautious_ = 0;
  std::jthread thread_;
};

}  // namespace logboom::store
