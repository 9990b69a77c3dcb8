#include "deploy/serve.h"

#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "core/http/server.h"
#include "core/log.h"
#include "core/redaction.h"
#include "core/stop.h"
#include "core/worker_pool.h"
#include "deploy/collect.h"
#include "deploy/local_shipper.h"
#include "query/api.h"
#include "query/direct_intake.h"
#include "query/kafka_intake.h"
#include "store/kafka_feed.h"
#include "store/store.h"
#include "ui/web/routes.h"

namespace logboom::deploy {
namespace {

constexpr auto kTopicTry = std::chrono::seconds(5);

store::Options store_options(const Config& config) {
  store::Options options;
  options.directory = config.data + "/store";
  options.seal_bytes = config.seal_bytes.bytes;
  options.seal_age = std::chrono::duration_cast<std::chrono::seconds>(config.seal_age);
  options.retention = std::chrono::hours(24 * config.retention_days);
  options.min_free_bytes = config.min_free.bytes;
  return options;
}

Result<kafka::Options> kafka_options(const Config& config) {
  auto pairs = properties(config.kafka_properties);
  if (!pairs) return fail(std::move(pairs).error());
  return kafka::Options{
      .brokers = config.brokers, .topic = config.topic, .properties = *std::move(pairs)};
}

// Handlers block on the disk and on Kafka, so there are more of them than cores.
unsigned worker_count(const Config& config) {
  if (config.workers > 0) return static_cast<unsigned>(config.workers);
  return std::max(8u, 4 * std::thread::hardware_concurrency());
}

bool is_loopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("[::1]") ||
         listen.starts_with("localhost:");
}

// Everything `serve` runs, in the order it is started; the destructor stops it in the reverse.
struct Parts {
  Redactor redactor;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<query::Intake> intake;
  std::unique_ptr<store::KafkaFeed> feed;  // made by feed_starter, used after it has ended
  std::jthread feed_starter;
  query::Api api;
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<collector::Collector> collector;

  ~Parts() {
    if (server) server->stop();
    if (collector) collector->stop();
    if (workers) workers->stop();
    feed_starter.request_stop();
    if (feed_starter.joinable()) feed_starter.join();
    if (feed) feed->stop();
  }
};

// What is stored can be read while Kafka is away; the feed starts once it is there.
void start_feed(Parts& parts, const kafka::Options& kafka, int partitions, std::stop_token stop) {
  Backoff backoff;
  bool told = false;
  while (!stop.stop_requested()) {
    auto count = kafka::ensure_topic(kafka, partitions, kTopicTry);
    if (count) {
      store::KafkaFeed::Options options;
      options.kafka = kafka;
      options.partition_count = *count;
      auto feed = store::KafkaFeed::start(std::move(options), *parts.store, parts.redactor);
      if (feed) {
        parts.feed = *std::move(feed);
        log::info("reading from Kafka",
                  {{"brokers", kafka.brokers}, {"topic", kafka.topic}, {"partitions", *count}});
        return;
      }
      count = fail(std::move(feed).error());
    }
    if (!std::exchange(told, true)) {
      log::warn("Kafka cannot be used yet: trying on; what is stored can be read",
                {{"brokers", kafka.brokers}, {"error", count.error().message}});
    }
    (void)sleep_for(stop, backoff.next());
  }
}

Result<void> start_intake(Parts& parts, const Config& config) {
  if (config.brokers.empty()) {
    parts.intake = query::direct_intake(*parts.store);
    return {};
  }
  auto kafka = kafka_options(config);
  if (!kafka) return fail(std::move(kafka).error());
  auto intake = query::kafka_intake(*kafka);
  if (!intake) return fail(std::move(intake).error().in("kafka"));
  parts.intake = *std::move(intake);
  parts.feed_starter =
      std::jthread([&parts, kafka = *kafka, count = static_cast<int>(config.partitions)](
                       std::stop_token stop) { start_feed(parts, kafka, count, std::move(stop)); });
  return {};
}

Result<void> start_http(Parts& parts, const Config& config) {
  parts.workers = std::make_unique<WorkerPool>(worker_count(config));
  parts.api.store = parts.store.get();
  parts.api.intake = parts.intake.get();
  parts.api.redactor = &parts.redactor;
  parts.api.workers = parts.workers.get();
  parts.api.version = LOGBOOM_VERSION;
  http::Router router;
  query::add_routes(router, parts.api);
  ui::add_web_routes(router);
  http::ServerOptions options;
  options.address = config.listen;
  options.certificate_file = config.certificate_file;
  options.key_file = config.key_file;
  auto server = http::Server::listen(std::move(options), std::move(router), *parts.workers);
  if (!server) return fail(std::move(server).error());
  parts.server = *std::move(server);
  if (!is_loopback(config.listen)) {
    log::warn("whoever can reach this address can read and push every tool's lines",
              {{"listen", config.listen}});
  }
  return {};
}

Result<void> start_collector(Parts& parts, const Config& config) {
  if (!config.collect) return {};
  auto options = collector_options(config);
  if (!options) return fail(std::move(options).error());
  options->state_directory = config.data + "/collector";
  if (!config.brokers.empty()) {
    auto kafka = kafka_options(config);
    if (!kafka) return fail(std::move(kafka).error());
    options->kafka = *std::move(kafka);
    options->kafka_partitions = static_cast<int>(config.partitions);
  }
  auto started =
      config.brokers.empty()
          ? collector::Collector::start(*std::move(options), make_local_shipper(*parts.intake))
          : collector::Collector::start(*std::move(options));
  if (!started) return fail(std::move(started).error().in("collector"));
  parts.collector = *std::move(started);
  log::info("collecting", {{"pod_logs", config.pod_logs}, {"files", config.files.size()}});
  return {};
}

}  // namespace

Result<void> serve(const Config& config) {
  if (auto good = check(Role::serve, config); !good) return fail(std::move(good).error());
  std::error_code failed;
  std::filesystem::create_directories(config.data, failed);
  if (failed) {
    return fail(system_error("--data " + config.data, failed.value()));
  }
  Parts parts;
  auto store = store::Store::open(store_options(config));
  if (!store) return fail(std::move(store).error());
  parts.store = *std::move(store);
  if (auto started = start_intake(parts, config); !started) return started;
  if (auto started = start_http(parts, config); !started) return started;
  if (auto started = start_collector(parts, config); !started) return started;

  const std::string scheme = config.certificate_file.empty() ? "http" : "https";
  const std::string host = config.listen.substr(0, config.listen.rfind(':'));
  log::info("serving", {{"url", scheme + "://" + host + ":" + std::to_string(parts.server->port())},
                        {"data", config.data},
                        {"version", LOGBOOM_VERSION}});
  wait_for_stop_signal();
  log::info("stopping");
  return {};
}

}  // namespace logboom::deploy
