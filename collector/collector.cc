#include "collector/collector.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "collector/answers.h"
#include "collector/checkpoint.h"
#include "collector/container_runs.h"
#include "collector/cron_checks.h"
#include "collector/host_name.h"
#include "collector/meters.h"
#include "collector/node_events.h"
#include "collector/reader.h"
#include "collector/run/local_socket.h"
#include "collector/run/spool_source.h"
#include "collector/sources.h"
#include "core/log.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

// How long sources are read before events and answers are looked at again.
constexpr milliseconds kReadingSlice{20};
// A file that is written line by line is read at most this often, so that batches do not become
// smaller than a store's commit is worth; the first line after a pause goes at once.
constexpr milliseconds kReadInterval{20};
constexpr milliseconds kScanInterval{200};  // of scans that events ask for
constexpr milliseconds kGaugeInterval{1'000};
constexpr milliseconds kRetryInterval{1'000};  // of a checkpoint that could not be written
// A checkpoint takes at most this share of the time: with very many sources it is written less
// often.
constexpr int kCheckpointShare = 10;

Result<void> check(Options& options) {
  if (options.state_directory.empty()) {
    return fail(Errc::invalid, "the collector needs a state directory");
  }
  if (options.node.empty()) options.node = host_name();
  if (options.node.empty()) options.node = "node";
  if (options.fallback_tool.empty()) options.fallback_tool = "node-" + options.node;
  if (auto named = check_tool_name(options.fallback_tool); !named) {
    return fail(std::move(named).error().in("fallback tool"));
  }
  for (const auto& rule : options.files) {
    if (!rule.glob.starts_with('/')) {
      return fail(Errc::invalid, "files: '" + rule.glob + "' is not an absolute path");
    }
    if (rule.tool.empty()) continue;
    if (auto named = check_tool_name(rule.tool); !named) {
      return fail(std::move(named).error().in("files: " + rule.glob));
    }
  }
  if (!options.pod_logs.empty() && !options.pod_logs.starts_with('/')) {
    return fail(Errc::invalid, "pod logs: '" + options.pod_logs + "' is not an absolute path");
  }
  return {};
}

}  // namespace

struct Collector::Loop {
  Loop(Options the_options, Checkpoint the_checkpoint, std::unique_ptr<Shipper> the_shipper)
      : options(std::move(the_options)),
        checkpoint(std::move(the_checkpoint)),
        shipper(std::move(the_shipper)),
        reader(redactor),
        events(checkpoint.state().collector, redactor),
        containers(container_settings()),
        sources(settings(), std::move(checkpoint.state()), watcher),
        runs(run_settings(), redactor),
        checks(check_settings()),
        wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  Sources::Settings settings() {
    return {.pod_logs = options.pod_logs,
            .files = options.files,
            .node = options.node,
            .fallback_tool = options.fallback_tool,
            .max_open_files = options.max_open_files,
            .rotation_grace = options.rotation_grace,
            .piece_grace = options.piece_grace,
            .redact = [this](Origin& origin) { redact(redactor, origin); },
            .added = [this](Source& source) { containers.added(source); }};
  }

  ContainerRuns::Settings container_settings() {
    return {.state_file = options.state_directory + "/container_runs",
            .node = options.node,
            .find = [this](std::uint64_t number) { return sources.find(number); },
            .emit = [this](const std::string& tool,
                           RunEvent event) { return events.emit(tool, std::move(event)); }};
  }

  CronChecks::Settings check_settings() {
    return {.root = options.crontabs,
            .state_file = options.state_directory + "/cron_checks",
            .node = options.node,
            .fallback_tool = options.fallback_tool,
            .rescan_interval = options.rescan_interval,
            .emit = [this](const std::string& tool, RunEvent event) {
              return events.emit(tool, std::move(event));
            }};
  }

  SpoolSource::Settings run_settings() {
    return {.directories = options.spools,
            .node = options.node,
            .fallback_tool = options.fallback_tool,
            .rescan_interval = options.rescan_interval,
            .room = [this] { return unacked < options.max_unacked_bytes; },
            .ship = [this](Shipment shipment) { ship(std::move(shipment)); }};
  }

  void run();
  void wait(milliseconds timeout);
  void take_answers();
  void look_around(Clock::time_point now);
  milliseconds read_some();
  void turn(Source& source);
  void conclude(Source& source, Reader::Seen seen);
  void ship(Shipment shipment);
  void tell_gap(Source& source);
  void save(bool now);
  void ring() const {
    const std::uint64_t one = 1;
    (void)!::write(wake.get(), &one, sizeof one);
  }

  Options options;
  Checkpoint checkpoint;
  std::unique_ptr<Shipper> shipper;
  Redactor redactor;
  Reader reader;
  Watcher watcher;
  NodeEvents events;
  ContainerRuns containers;  // the sources tell it of theirs as soon as they are made
  Sources sources;
  SpoolSource runs;
  CronChecks checks;
  std::vector<std::unique_ptr<LocalSocket>> local_sockets;
  Descriptor wake;
  std::atomic<bool> stopping = false, abandoned = false;

  std::size_t unacked = 0;
  bool changed = false;  // since the last checkpoint
  CheckpointState written;
  Clock::time_point next_scan{}, last_scan{}, next_tend{}, next_gauges{}, next_save{},
      next_registration{};
  std::jthread thread;
};

void Collector::Loop::run() {
  auto deadline = Clock::time_point::max();
  milliseconds idle{0};
  sources.first_scan();
  next_scan = Clock::now() + options.rescan_interval;
  while (!abandoned) {
    wait(idle);
    take_answers();
    const auto now = Clock::now();
    if (stopping) {
      deadline = std::min(deadline, now + options.stop_timeout);
      if ((unacked == 0 && events.idle()) || now >= deadline) break;
      idle = milliseconds{50};
    } else {
      look_around(now);
      idle = read_some();
      idle = std::min(idle, runs.work(Clock::now()));
    }
    for (auto& shipment : events.due()) ship(std::move(shipment));
    save(false);
  }
  if (!abandoned) {
    if (unacked > 0) {
      log::warn("stopped with lines under way: they are sent again at the next start",
                {{"bytes", unacked}});
    }
    save(true);
  }
  shipper->stop();
}

void Collector::Loop::wait(milliseconds timeout) {
  std::array<pollfd, 5> descriptors{{{wake.get(), POLLIN, 0},
                                     {watcher.descriptor(), POLLIN, 0},
                                     {runs.descriptor(), POLLIN, 0},
                                     {containers.descriptor(), POLLIN, 0},
                                     {checks.descriptor(), POLLIN, 0}}};
  // While stopping nobody reads the watcher's events, so they must not end the wait.
  const nfds_t count_polled = stopping ? 1 : descriptors.size();
  ::poll(descriptors.data(), count_polled, static_cast<int>(timeout.count()));
  std::uint64_t count = 0;
  (void)!::read(wake.get(), &count, sizeof count);
}

void Collector::Loop::look_around(Clock::time_point now) {
  sources.handle_events();
  runs.look(now);
  containers.look(now);
  checks.look(now);
  if (now >= next_scan || (sources.wants_scan() && now >= last_scan + kScanInterval)) {
    sources.scan();
    last_scan = now;
    next_scan = now + options.rescan_interval;
  }
  if (now >= next_tend) {
    sources.tend();
    next_tend = now + sources.tend_interval();
  }
  if (now >= next_gauges) {
    sources.update_gauges();
    next_gauges = now + kGaugeInterval;
  }
  if (now >= next_registration && sources.prepare_registration()) {
    // A number must be durable before the first line goes out under it.
    if (auto saved = checkpoint.save(sources.state()); saved) {
      sources.registered();
    } else {
      meters().checkpoint_failures.add();
      sources.trouble(options.state_directory, saved.error().message);
      next_registration = now + kRetryInterval;
    }
  }
}

// Reads due sources in turn for a slice of time; returns how long nothing will be due.
milliseconds Collector::Loop::read_some() {
  const auto start = Clock::now();
  auto now = start;
  milliseconds idle = sources.tend_interval();
  while (unacked < options.max_unacked_bytes) {
    auto* const source = sources.next_due(now, idle);
    if (source == nullptr) {
      const bool registers = sources.has_fresh() && now >= next_registration;
      return registers ? milliseconds{0} : idle;
    }
    turn(*source);
    now = Clock::now();
    if (now - start >= kReadingSlice) return milliseconds{0};
  }
  return idle;
}

void Collector::Loop::turn(Source& source) {
  if (source.gap) {
    tell_gap(source);
    return;
  }
  if (!sources.reopen(source)) return;
  std::optional<Shipment> shipment;
  const auto seen = reader.turn(source, shipment);
  changed = true;
  if (shipment) ship(*std::move(shipment));
  conclude(source, seen);
}

void Collector::Loop::conclude(Source& source, Reader::Seen seen) {
  using Seen = Reader::Seen;
  switch (seen) {
    case Seen::more:
      sources.queue(source);
      break;
    case Seen::end:
      source.not_before = source.used + kReadInterval;
      if (!source.flush && source.pieces.oldest_begin()) sources.await_piece(source);
      if (std::exchange(source.flush, false) && source.gone) {
        sources.end(source, "", 0);
        sources.let_go(source);
      }
      break;
    case Seen::truncated:
    case Seen::replaced:
      sources.end(source, seen == Seen::truncated ? "truncated" : "replaced", source.unread());
      break;
    case Seen::failed:
      sources.trouble(source.saved.path, reader.error().message);
      if (source.gone) sources.end(source, "rotated", source.unread());
      break;
  }
}

void Collector::Loop::tell_gap(Source& source) {
  const auto gap = *std::exchange(source.gap, std::nullopt);
  log::warn("gap in a source", {{"path", source.saved.origin_path},
                                {"reason", gap.reason},
                                {"missing_bytes_at_least", gap.missing_bytes}});
  const Mark after{.acked = kEndOfSource, .resume = source.saved.size};
  ship(reader.gap(source, gap, kEndOfSource, after));
  changed = true;
}

void Collector::Loop::ship(Shipment shipment) {
  unacked += shipment.bytes.size();
  meters().unacked.set(static_cast<std::int64_t>(unacked));
  shipper->ship(std::move(shipment));
}

void Collector::Loop::take_answers() {
  for (const auto& outcome : shipper->take()) {
    unacked -= outcome.bytes;
    meters().unacked.set(static_cast<std::int64_t>(unacked));
    if (SpoolSource::owns(outcome.source)) {
      runs.answer(outcome);
      continue;
    }
    if (NodeEvents::owns(outcome.source)) {
      events.answer(outcome);
      containers.settled(events.take_ended());
      continue;
    }
    auto* const source = sources.find(outcome.source);
    if (source == nullptr || source->epoch != outcome.epoch || source->in_flight.empty()) continue;
    changed = true;
    if (auto gap = answer(sources, *source, outcome)) {
      ship(reader.gap(*source, gap->gap, gap->position, gap->after));
    }
    sources.let_go(*source);
  }
}

void Collector::Loop::save(bool now) {
  const auto start = Clock::now();
  if (!changed || (!now && start < next_save)) return;
  auto state = sources.state();
  written.looked_ns = state.looked_ns;
  if (state != written) {
    if (auto saved = checkpoint.save(state); !saved) {
      meters().checkpoint_failures.add();
      sources.trouble(options.state_directory, saved.error().message);
    } else {
      written = std::move(state);
      changed = false;
    }
  } else {
    changed = false;
  }
  const auto took = std::chrono::ceil<milliseconds>(Clock::now() - start);
  next_save = start + std::max(options.checkpoint_interval, took * kCheckpointShare);
}

Collector::Collector(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Collector::~Collector() { stop(); }

Result<std::unique_ptr<Collector>> Collector::start(Options options) {
  Result<std::unique_ptr<Shipper>> shipper;
  if (!options.kafka.brokers.empty()) {
    shipper =
        make_kafka_shipper(options.kafka, options.max_unacked_bytes, options.kafka_partitions);
  } else {
    shipper = make_http_shipper(
        {.url = options.server_url, .headers = options.headers, .ca_file = options.ca_file});
  }
  if (!shipper) return fail(std::move(shipper).error());
  return start(std::move(options), *std::move(shipper));
}

Result<std::unique_ptr<Collector>> Collector::start(Options options,
                                                    std::unique_ptr<Shipper> shipper) {
  if (auto checked = check(options); !checked) return fail(std::move(checked).error());
  auto checkpoint = Checkpoint::open(options.state_directory, options.node);
  if (!checkpoint) return fail(std::move(checkpoint).error());
  auto loop =
      std::make_unique<Loop>(std::move(options), *std::move(checkpoint), std::move(shipper));
  if (!loop->wake.open()) return fail(system_error("eventfd", errno));
  auto* const raw = loop.get();
  for (const auto& spool : raw->options.spools) {
    raw->local_sockets.push_back(std::make_unique<LocalSocket>(spool, raw->options.fallback_tool));
  }
  raw->shipper->start([raw] { raw->ring(); });
  raw->thread = std::jthread([raw] { raw->run(); });
  return std::unique_ptr<Collector>(new Collector(std::move(loop)));
}

void Collector::stop() {
  loop_->stopping = true;
  loop_->ring();
  if (loop_->thread.joinable()) loop_->thread.join();
}

void Collector::abandon() {
  loop_->abandoned = true;
  for (auto& socket : loop_->local_sockets) socket->abandon();
  stop();
}

}  // namespace logboom::collector
