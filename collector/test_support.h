// For the tests of this folder: temporary directories, waiting for a condition, and a store's twin
// behind a fake shipper, which keeps the rules of spans as the store does and nothing else.
#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collector/collector.h"
#include "collector/test_files.h"
#include "core/otlp.h"
#include "core/run_event.h"

namespace logboom::collector {

inline void append(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << text;
}
struct StoredLine {
  std::string source, tool, body;
  std::uint64_t position = 0;
  std::int64_t time_ns = 0;
  Level level = Level::unknown;
  Labels stream;
  std::map<std::string, std::string> metadata, columns;
};

class StoreTwin {
 public:
  // Applies a shipment as the store would: whole, trimmed, seen, or refused for a hole.
  Outcome::Kind apply(const Shipment& shipment, std::uint64_t& expected) {
    auto decoded = otlp::decode(shipment.bytes, "nobody");
    if (!decoded || decoded->batches.size() != 1) {
      ++undecodable_;
      return Outcome::Kind::refused;
    }
    const auto& batch = decoded->batches.front();
    const std::scoped_lock lock(mutex_);
    if (!batch.span || !batch.redacted || batch.tool != shipment.tool) ++undecodable_;
    auto& next = next_[batch.span->source];
    expected = next;
    if (batch.span->previous > next) return Outcome::Kind::conflict;
    for (const auto& record : batch.records) {
      if (record.position > next) keep(batch, record);
    }
    next = std::max(next, batch.span->next);
    return Outcome::Kind::stored;
  }
  // Loses what it has of a source beyond a position, as a store restored from a backup would.
  void forget_beyond(std::uint64_t position) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(lines_, [&](const StoredLine& line) { return line.position > position; });
    for (auto& [source, next] : next_) next = std::min(next, position);
  }

  [[nodiscard]] std::vector<StoredLine> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  // What came as events, in the order stored, with their tools.
  [[nodiscard]] std::vector<std::pair<std::string, RunEvent>> events() const {
    const std::scoped_lock lock(mutex_);
    return events_;
  }
  // Bodies and, as "<kind>", events in the order stored.
  [[nodiscard]] std::vector<std::string> told() const {
    const std::scoped_lock lock(mutex_);
    return told_;
  }
  // Bodies in the order stored, gaps left out.
  [[nodiscard]] std::vector<std::string> bodies() const {
    std::vector<std::string> bodies;
    for (auto& line : lines()) {
      if (!line.metadata.contains("gap")) bodies.push_back(std::move(line.body));
    }
    return bodies;
  }
  [[nodiscard]] std::vector<std::string> gaps() const {
    std::vector<std::string> gaps;
    for (auto& line : lines()) {
      if (line.metadata.contains("gap")) gaps.push_back(line.metadata.at("gap"));
    }
    return gaps;
  }
  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return lines_.size();
  }
  [[nodiscard]] std::uint64_t undecodable() const { return undecodable_; }

 private:
  void keep(const Batch& batch, const Record& record) {
    if (is_event(record)) {
      auto event = event_of(record);
      if (event) told_.push_back("<" + std::string(name(event->kind)) + ">");
      if (event) events_.emplace_back(batch.tool, *std::move(event));
      if (!event) ++undecodable_;
      return;
    }
    told_.emplace_back(record.body);
    StoredLine line{.source = batch.span->source,
                    .tool = batch.tool,
                    .body = std::string(record.body),
                    .position = record.position,
                    .time_ns = record.time_ns,
                    .level = record.level,
                    .stream = batch.streams.at(record.stream),
                    .metadata = {},
                    .columns = {}};
    for (const auto& [name, value] : record.metadata) line.metadata.emplace(name, value);
    for (const auto& [name, value] : batch.columns) line.columns.emplace(name, value);
    lines_.push_back(std::move(line));
  }

  mutable std::mutex mutex_;  // guards what follows
  std::vector<StoredLine> lines_;
  std::vector<std::pair<std::string, RunEvent>> events_;
  std::vector<std::string> told_;
  std::map<std::string, std::uint64_t> next_;
  std::atomic<std::uint64_t> undecodable_ = 0;
};

// How the other side behaves; shared, so that it outlives the collectors of a test.
struct OtherSide {
  StoreTwin store;
  std::atomic<bool> away = false;  // takes nothing
  std::atomic<bool> mute = false;  // stores, but its answers are lost
  std::atomic<std::size_t> under_way = 0, most_under_way = 0;
  // Refuses the batch; set before the collector starts.
  std::function<bool(const Shipment&)> refuses = [](const Shipment&) { return false; };
};

class FakeShipper final : public Shipper {
 public:
  explicit FakeShipper(std::shared_ptr<OtherSide> other) : other_(std::move(other)) {}
  ~FakeShipper() override { stop(); }

  void start(std::function<void()> wake) override {
    outcomes_.start(std::move(wake));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  void ship(Shipment shipment) override {
    const auto now = other_->under_way += shipment.bytes.size();
    if (now > other_->most_under_way) other_->most_under_way = now;
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(shipment));
  }
  std::vector<Outcome> take() override { return outcomes_.take(); }
  void stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::deque<Shipment> taken;
      if (!other_->away) {
        const std::scoped_lock lock(mutex_);
        taken.swap(queue_);
      }
      for (const auto& shipment : taken) answer(shipment);
      timespec pause{0, 500'000};
      if (taken.empty()) ::nanosleep(&pause, nullptr);
    }
  }
  void answer(const Shipment& shipment) {
    std::uint64_t expected = 0;
    const bool refused = other_->refuses(shipment);
    const auto kind = refused ? Outcome::Kind::refused : other_->store.apply(shipment, expected);
    if (other_->mute) return;
    other_->under_way -= shipment.bytes.size();
    outcomes_.put(shipment, kind, expected, refused ? "refused by the test" : "");
  }

  std::shared_ptr<OtherSide> other_;
  OutcomeQueue outcomes_;
  std::mutex mutex_;  // guards queue_
  std::deque<Shipment> queue_;
  std::jthread thread_;
};

// A directory with logs and state, another side, and the collector between them.
struct Scene {
  TempDirectory directory;
  std::shared_ptr<OtherSide> other = std::make_shared<OtherSide>();
  Options options;
  std::unique_ptr<Collector> collector;

  Scene() {
    options.state_directory = directory / "state";
    options.pod_logs = directory / "pods";
    options.files = {{.glob = directory / "logs/*.log", .tool = "bot", .job = ""}};
    options.node = "node7";
    options.fallback_tool = "local";
    options.rescan_interval = std::chrono::milliseconds(500);
    options.rotation_grace = std::chrono::milliseconds(60);
    options.checkpoint_interval = std::chrono::milliseconds(20);
    options.stop_timeout = std::chrono::milliseconds(2'000);
    std::filesystem::create_directories(directory / "logs");
  }
  ~Scene() { collector.reset(); }

  void start() {
    auto started = Collector::start(options, std::make_unique<FakeShipper>(other));
    REQUIRE(started);
    collector = *std::move(started);
  }
  void stop() {
    collector->stop();
    collector.reset();
  }
  void crash() {
    collector->abandon();
    collector.reset();
    other->under_way = 0;
  }
  [[nodiscard]] std::string log(const std::string& name) const {
    return directory / ("logs/" + name);
  }
  [[nodiscard]] std::vector<std::string> bodies() const { return other->store.bodies(); }
  [[nodiscard]] bool stored(std::size_t lines) const {
    return until([&] { return other->store.bodies().size() >= lines; });
  }
};

// "PREFIX 17\n" for every number in [first, end).
inline std::string numbered(const std::string& prefix, int first, int end) {
  std::string text;
  for (int i = first; i < end; ++i) text += prefix + " " + std::to_string(i) + "\n";
  return text;
}
inline std::vector<std::string> expected_lines(const std::string& prefix, int first, int end) {
  std::vector<std::string> lines;
  for (int i = first; i < end; ++i) lines.push_back(prefix + " " + std::to_string(i));
  return lines;
}

}  // namespace logboom::collector
