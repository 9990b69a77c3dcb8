#include "core/kafka/client.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>

#include "core/log.h"

namespace logboom::kafka {
namespace {

// librdkafka reports every failed connection attempt of every broker here; an outage is told once,
// by whoever owns the handle, so those go to our debug log.
void forward_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  static constexpr std::array<std::string_view, 6> kOutage = {"FAIL",     "ERROR",    "DISCONN",
                                                              "REQTMOUT", "CONNFAIL", "GETPID"};
  const bool outage = std::ranges::find(kOutage, facility) != kOutage.end();
  const std::string client = handle != nullptr ? rd_kafka_name(handle) : "";
  const log::Field from{"client", client}, what{"facility", facility}, message{"text", text};
  if (level <= 4 && !outage) {
    log::warn("librdkafka", {from, what, message});
  } else {
    log::debug("librdkafka", {from, what, message});
  }
}

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> text{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) ==
      RD_KAFKA_CONF_OK)
    return {};
  return fail(Errc::invalid, "kafka.properties: " + name + ": " + text.data());
}

Errc code_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return Errc::unavailable;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return Errc::denied;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return Errc::too_large;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return Errc::limit;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return Errc::not_found;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return Errc::cancelled;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return Errc::invalid;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return Errc::corrupt;
    default:
      return Errc::internal;
  }
}

}  // namespace

void Release::operator()(rd_kafka_s* handle) const { rd_kafka_destroy(handle); }
void Release::operator()(rd_kafka_conf_s* conf) const { rd_kafka_conf_destroy(conf); }
void Release::operator()(rd_kafka_topic_s* topic) const { rd_kafka_topic_destroy(topic); }
void Release::operator()(rd_kafka_queue_s* queue) const { rd_kafka_queue_destroy(queue); }

Result<Conf> configure(const Options& options, const std::vector<Setting>& settings) {
  if (options.brokers.empty() && !options.properties.contains("test.mock.num.brokers"))
    return fail(Errc::invalid, "kafka.brokers: empty; name at least one broker as host:port");
  if (options.topic.empty())
    return fail(Errc::invalid, "kafka.topic: empty; the default is logboom.logs");
  Conf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), forward_log);
  std::vector<std::pair<std::string, std::string>> rows = {{"client.id", "logboom"}};
  if (!options.brokers.empty()) rows.emplace_back("bootstrap.servers", options.brokers);
  for (const Setting& setting : settings) rows.emplace_back(setting.name, setting.value);
  for (const auto& [name, value] : options.properties) {
    const auto ours = std::ranges::find(settings, name, &Setting::name);
    if (ours != settings.end() && ours->fixed && ours->value != value)
      return fail(Errc::invalid, "kafka.properties: " + name + ": must stay '" + ours->value +
                                     "', or lines could be lost or doubled; remove it");
    rows.emplace_back(name, value);
  }
  for (const auto& [name, value] : rows)
    if (auto done = set(conf.get(), name, value); !done) return fail(std::move(done).error());
  return conf;
}

Result<Handle> create(Conf conf, bool consumer) {
  std::array<char, 512> text{};
  rd_kafka_t* handle = rd_kafka_new(consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf.get(),
                                    text.data(), text.size());
  if (handle == nullptr) return fail(Errc::invalid, std::string("Kafka client: ") + text.data());
  static_cast<void>(conf.release());  // the handle owns it now
  return Handle(handle);
}

Result<Topic> open_topic(const Handle& handle, const std::string& name) {
  Topic topic(rd_kafka_topic_new(handle.get(), name.c_str(), nullptr));
  if (!topic) return fail(error_of(rd_kafka_last_error(), "topic '" + name + "'"));
  return topic;
}

Error error_of(int code, std::string_view doing, std::string_view detail) {
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  return Error{
      code_of(error),
      std::string(doing) + ": " + (detail.empty() ? rd_kafka_err2str(error) : std::string(detail))};
}

}  // namespace logboom::kafka
