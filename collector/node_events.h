// How what the collector itself knows (containers begun and ended, schedules, samples) travels:
// as events in a source of its own per tool, on the way that lines go.
//
// A source's name is `<collector id>/events-<random>#<tool>`, new at each start: nothing of it is
// kept on disk. What a crash loses, whoever emitted it emits again: events are idempotent.
//
// Limits:  kMaxQueued events wait; beyond, samples are dropped, then nothing is taken. One batch
//          of a tool is under way at a time.
// Errors:  none: what the other side refuses is dropped, counted and logged.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "collector/batcher.h"
#include "collector/shipper.h"
#include "core/run_event.h"

namespace logboom::collector {

// An event with the fields that all have.
[[nodiscard]] RunEvent make_event(RunEvent::Kind kind, std::int64_t time_ns, std::string run,
                                  std::string job);

class NodeEvents {
 public:
  static constexpr std::size_t kMaxQueued = 20'000, kMaxBatch = 1'000;

  NodeEvents(std::string collector, const Redactor& redactor);

  // False: too many wait. Whoever emits keeps what must not be lost, and tries again later.
  [[nodiscard]] bool emit(const std::string& tool, RunEvent event);
  // Batches that may go now.
  [[nodiscard]] std::vector<Shipment> due();
  [[nodiscard]] static bool owns(std::uint64_t source) { return source >> 61 == 1; }
  void answer(const Outcome& outcome);
  // Nothing waits and nothing is under way.
  [[nodiscard]] bool idle() const { return queued_ == 0; }
  // Runs whose `end` has been settled (stored, or refused for good) since the last call.
  [[nodiscard]] std::vector<std::string> take_ended();

 private:
  struct Lane {
    std::uint64_t number = 0;
    Origin origin;
    std::string source_id;
    std::uint32_t epoch = 0;
    std::uint64_t stored = 0;   // positions count events
    std::size_t under_way = 0;  // events at the front of the queue that were shipped
    std::deque<RunEvent> queue;
  };
  void rename(Lane& lane);
  bool drop_a_sample();
  void settle(Lane& lane);

  std::string collector_;
  Batcher batcher_;
  std::map<std::string, Lane> lanes_;           // by tool
  std::map<std::uint64_t, std::string> tools_;  // by number
  std::size_t queued_ = 0;
  std::size_t waiting_samples_ = 0;  // those under way do not count
  std::vector<std::string> ended_;
};

}  // namespace logboom::collector
