// A Kafka cluster inside the test process, by librdkafka, with faults on demand. Tests only.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "core/kafka/kafka.h"

namespace logboom::kafka {

// One cluster serves the whole process, because ending one takes a second; each MockTopic is a
// topic of its own in it, with the broker up and no fault pending.
class MockTopic {
 public:
  static constexpr int kProduce = 0, kFetch = 1;  // Kafka's request numbers

  explicit MockTopic(int partitions = 4) {
    static int topics = 0;
    options_.brokers = rd_kafka_mock_cluster_bootstraps(cluster());
    options_.topic = "topic" + std::to_string(++topics);
    options_.properties["reconnect.backoff.max.ms"] = "100";
    options_.properties["fetch.wait.max.ms"] = "10";
    options_.properties["log_level"] = "2";  // the faults are ours
    rd_kafka_mock_topic_create(cluster(), options_.topic.c_str(), partitions, 1);
    rd_kafka_mock_clear_request_errors(cluster(), kProduce);
    rd_kafka_mock_clear_request_errors(cluster(), kFetch);
    up();
  }

  [[nodiscard]] const Options& options() const { return options_; }
  void down() { rd_kafka_mock_broker_set_down(cluster(), 1); }
  void up() { rd_kafka_mock_broker_set_up(cluster(), 1); }
  // The next requests of this kind fail so, one after the other.
  void fail_next(int request, std::initializer_list<rd_kafka_resp_err_t> errors) {
    const std::vector<rd_kafka_resp_err_t> list(errors);
    rd_kafka_mock_push_request_errors_array(cluster(), static_cast<std::int16_t>(request),
                                            list.size(), list.data());
  }

 private:
  struct Cluster {
    Cluster() {
      rd_kafka_conf_t* conf = rd_kafka_conf_new();
      char text[256];
      rd_kafka_conf_set(conf, "log_level", "0", text, sizeof text);
      handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
      mock = rd_kafka_mock_cluster_new(handle, 1);
    }
    ~Cluster() {
      rd_kafka_mock_cluster_destroy(mock);
      rd_kafka_destroy(handle);
    }
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    rd_kafka_t* handle;
    rd_kafka_mock_cluster_t* mock;
  };
  static rd_kafka_mock_cluster_t* cluster() {
    static Cluster cluster;
    return cluster.mock;
  }

  Options options_;
};

}  // namespace logboom::kafka
