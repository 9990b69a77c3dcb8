// What the producer, the consumer and the topic set-up share: librdkafka's handles, configuration,
// log and errors. Inside of core/kafka only; librdkafka's types are named here, its header is not
// included.
//
// Errors:  invalid: a property that librdkafka does not know, or one we cannot let be changed.
// Threads: functions from any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/kafka/kafka.h"
#include "core/result.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_topic_s;
struct rd_kafka_queue_s;

namespace logboom::kafka {

struct Release {
  void operator()(rd_kafka_s* handle) const;
  void operator()(rd_kafka_conf_s* conf) const;
  void operator()(rd_kafka_topic_s* topic) const;
  void operator()(rd_kafka_queue_s* queue) const;
};
using Handle = std::unique_ptr<rd_kafka_s, Release>;
using Conf = std::unique_ptr<rd_kafka_conf_s, Release>;
using Topic = std::unique_ptr<rd_kafka_topic_s, Release>;
using Queue = std::unique_ptr<rd_kafka_queue_s, Release>;

struct Setting {
  std::string name, value;
  bool fixed = false;  // our promises rest on it: Options::properties may not change it
};

// Our settings, then the operator's properties, with the log going to ours.
[[nodiscard]] Result<Conf> configure(const Options& options, const std::vector<Setting>& settings);
// `consumer`: which of librdkafka's two kinds.
[[nodiscard]] Result<Handle> create(Conf conf, bool consumer);
[[nodiscard]] Result<Topic> open_topic(const Handle& handle, const std::string& name);

// A rd_kafka_resp_err_t in our words: "doing: its text".
[[nodiscard]] Error error_of(int code, std::string_view doing, std::string_view detail = {});

// What one message may be: the topic's max.message.bytes, the producer's and the consumer's limit.
inline constexpr std::size_t kMaxMessageBytes = 8 << 20;

}  // namespace logboom::kafka
