#include "deploy/collect.h"

#include "core/log.h"
#include "core/stop.h"

namespace logboom::deploy {

Result<collector::Options> collector_options(const Config& config) {
  collector::Options options;
  options.pod_logs = config.pod_logs;
  options.node = config.node;
  options.fallback_tool = config.fallback_tool;
  options.max_unacked_bytes = config.max_unacked.bytes;
  options.max_open_files = static_cast<std::size_t>(config.max_open_files);
  options.rescan_interval = config.rescan;
  if (!config.spool.empty()) options.spools.push_back(config.spool);
  options.crontabs = config.crontabs;
  for (const auto& text : config.files) {
    auto file = parse_file_option(text);
    if (!file) return fail(std::move(file).error());
    options.files.push_back({.glob = file->glob, .tool = file->tool, .job = file->job});
  }
  return options;
}

Result<void> collect(const Config& config) {
  if (auto good = check(Role::collect, config); !good) return fail(std::move(good).error());
  auto options = collector_options(config);
  if (!options) return fail(std::move(options).error());
  options->state_directory = config.state;
  options->server_url = config.server;
  options->ca_file = config.ca_file;
  if (!config.token.empty()) {
    options->headers.emplace_back("Authorization", "Bearer " + config.token);
  }
  options->kafka.brokers = config.brokers;
  options->kafka.topic = config.topic;
  options->kafka_partitions = static_cast<int>(config.partitions);
  auto kafka_properties = properties(config.kafka_properties);
  if (!kafka_properties) return fail(std::move(kafka_properties).error());
  options->kafka.properties = *std::move(kafka_properties);

  auto started = collector::Collector::start(*std::move(options));
  if (!started) return fail(std::move(started).error());
  log::info("collecting", {{"pod_logs", config.pod_logs},
                           {"files", config.files.size()},
                           {"to", config.brokers.empty() ? config.server : config.brokers}});
  wait_for_stop_signal();
  log::info("stopping");
  (*started)->stop();
  return {};
}

}  // namespace logboom::deploy
