#include "deploy/serve.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include "alerts/alerts.h"
#include "core/http/server.h"
#include "core/log.h"
#include "core/redaction.h"
#include "core/stop.h"
#include "core/worker_pool.h"
#include "deploy/collect.h"
#include "deploy/local_shipper.h"
#include "deploy/regular_backup.h"
#include "query/api.h"
#include "query/direct_intake.h"
#include "query/kafka_intake.h"
#include "query/long_task.h"
#include "query/runs/judge.h"
#include "query/runs/runs_api.h"
#include "query/store_api.h"
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
  std::unique_ptr<alerts::Alerts> alerts;
  std::unique_ptr<query::Judge> judge;
  query::Api api;
  query::RunsApi runs_api;
  query::LongTasks tasks;
  query::StoreApi store_api;
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<collector::Collector> collector;
  std::jthread backups;

  ~Parts() {
    backups.request_stop();
    if (server) server->stop();
    if (collector) collector->stop();
    if (workers) workers->stop();
    if (judge) judge->stop();
    if (alerts) alerts->stop();
    feed_starter.request_stop();
    if (feed_starter.joinable()) feed_starter.join();
    if (feed) feed->stop();
    if (backups.joinable()) backups.join();
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

// A secret that stands in a file of its own, its last newline aside.
Result<std::string> read_secret(const std::string& option, const std::string& file) {
  if (file.empty()) return std::string();
  std::ifstream in(file);
  std::string secret;
  if (!in || !std::getline(in, secret)) {
    return fail(Errc::invalid, option + ": nothing can be read from " + file);
  }
  return secret;
}

Result<alerts::Options> alert_options(const Config& config) {
  auto mail_password = read_secret("--smtp-password-file", config.smtp_password_file);
  if (!mail_password) return fail(std::move(mail_password).error());
  auto irc_password = read_secret("--irc-password-file", config.irc_password_file);
  if (!irc_password) return fail(std::move(irc_password).error());
  alerts::Options options;
  options.mail.url = config.smtp;
  options.mail.tls = config.smtp_tls;
  options.mail.user = config.smtp_user;
  options.mail.password = *std::move(mail_password);
  options.mail.from = config.mail_from;
  options.mail.bounces = config.mail_bounces;
  options.mail.ca_file = config.smtp_ca_file;
  options.irc.url = config.irc;
  options.irc.user = config.irc_user;
  options.irc.password = *std::move(irc_password);
  options.irc.ca_file = config.irc_ca_file;
  options.recipients = config.recipients;
  options.base_url = config.base_url;
  options.frozen_after = config.frozen_after;
  options.lost_after = config.lost_after;
  options.grace = config.tick_grace;
  options.messages_per_hour = static_cast<std::size_t>(config.messages_per_hour);
  return options;
}

Result<void> start_alerts(Parts& parts, const Config& config) {
  auto options = alert_options(config);
  if (!options) return fail(std::move(options).error());
  auto started = alerts::Alerts::start(*std::move(options), *parts.store, *parts.intake);
  if (!started) return fail(std::move(started).error().in("alerts"));
  parts.alerts = *std::move(started);
  parts.judge = std::make_unique<query::Judge>(
      *parts.store,
      [&alerts = *parts.alerts](const store::Run& run, const store::Judgement& judgement,
                                std::string_view json, store::RecordWrite& write) {
        return alerts.judged(run, judgement, json, write);
      });
  parts.judge->start();
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
  parts.runs_api.store = parts.store.get();
  parts.runs_api.judge = parts.judge.get();
  parts.runs_api.intake = parts.intake.get();
  parts.runs_api.redactor = &parts.redactor;
  query::add_run_routes(router, parts.runs_api);
  parts.store_api.store = parts.store.get();
  parts.store_api.tasks = &parts.tasks;
  parts.store_api.backup_directory = config.backup_dir;
  parts.store_api.backup_keep = static_cast<std::size_t>(config.backup_keep);
  query::add_store_routes(router, parts.store_api);
  alerts::add_alert_routes(router, *parts.alerts);
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

void start_backups(Parts& parts, const Config& config) {
  if (config.backup_every.count() == 0) return;
  const RegularBackup options{.directory = config.backup_dir,
                              .every = config.backup_every,
                              .keep = static_cast<std::size_t>(config.backup_keep)};
  parts.backups = std::jthread([&parts, options](const std::stop_token& stop) {
    run_regular_backups(options, *parts.store, parts.tasks, stop);
  });
}

// An address that takes all is reached through loopback from here.
std::string url_of(const Config& config, std::uint16_t port) {
  auto host = config.listen.substr(0, config.listen.rfind(':'));
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return (config.certificate_file.empty() ? "http://" : "https://") + host + ":" +
         std::to_string(port);
}

// Nothing depends on it but `logboom store`, which says what to do without it.
void write_address(const Config& config, std::uint16_t port) {
  std::ofstream file(address_file(config), std::ios::trunc);
  file << url_of(config, port) << '\n';
  file.close();
  if (!file)
    log::warn("the server's address cannot be left for programs on this machine",
              {{"file", address_file(config)}});
}

}  // namespace

std::string address_file(const Config& config) { return config.data + "/address"; }

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
  if (auto started = start_alerts(parts, config); !started) return started;
  if (auto started = start_http(parts, config); !started) return started;
  if (auto started = start_collector(parts, config); !started) return started;
  start_backups(parts, config);
  write_address(config, parts.server->port());

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
