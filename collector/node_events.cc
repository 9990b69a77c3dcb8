#include "collector/node_events.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "core/metrics.h"

namespace logboom::collector {
namespace {

constexpr std::uint64_t kFirstNumber = std::uint64_t{1} << 61;

struct EventMeters {
  metrics::Counter& sent =
      metrics::counter("logboom_collector_events_total", "Events of runs and checks acknowledged");
  metrics::Counter& dropped = metrics::counter("logboom_collector_dropped_events_total",
                                               "Events dropped: too many waited, or refused");
};

EventMeters& event_meters() {
  static EventMeters meters;
  return meters;
}

bool is_sample(const RunEvent& event) { return event.kind == RunEvent::Kind::sample; }

}  // namespace

RunEvent make_event(RunEvent::Kind kind, std::int64_t time_ns, std::string run, std::string job) {
  RunEvent event;
  event.kind = kind;
  event.time_ns = time_ns;
  event.run = std::move(run);
  event.job = std::move(job);
  return event;
}

NodeEvents::NodeEvents(std::string collector, const Redactor& redactor)
    : collector_(std::move(collector)), batcher_(redactor) {}

// What was under way waits again.
void NodeEvents::rename(Lane& lane) {
  const auto shipped = lane.queue.begin() + static_cast<std::ptrdiff_t>(lane.under_way);
  waiting_samples_ +=
      static_cast<std::size_t>(std::count_if(lane.queue.begin(), shipped, is_sample));
  lane.source_id = collector_ + "/events-" + new_run_id() + "#" + lane.origin.tool;
  lane.stored = 0;
  lane.under_way = 0;
  ++lane.epoch;
}

bool NodeEvents::emit(const std::string& tool, RunEvent event) {
  if (queued_ >= kMaxQueued) {
    if (is_sample(event)) event_meters().dropped.add();
    if (is_sample(event) || !drop_a_sample()) return false;
  }
  const auto [found, fresh] = lanes_.try_emplace(tool);
  auto& lane = found->second;
  if (fresh) {
    lane.number = kFirstNumber + lanes_.size();
    lane.origin.tool = tool;
    lane.origin.streams.emplace_back(std::vector<Labels::Pair>{{"job", "logboom-events"}});
    tools_.emplace(lane.number, tool);
    rename(lane);
  }
  if (is_sample(event)) ++waiting_samples_;
  lane.queue.push_back(std::move(event));
  ++queued_;
  return true;
}

// The oldest of its tool that is not under way. Where there is none nothing is looked through:
// whoever is refused comes again and again.
bool NodeEvents::drop_a_sample() {
  if (waiting_samples_ == 0) return false;
  for (auto& [tool, lane] : lanes_) {
    const auto waiting = lane.queue.begin() + static_cast<std::ptrdiff_t>(lane.under_way);
    const auto sample = std::find_if(waiting, lane.queue.end(), is_sample);
    if (sample == lane.queue.end()) continue;
    lane.queue.erase(sample);
    --queued_;
    --waiting_samples_;
    event_meters().dropped.add();
    return true;
  }
  return false;
}

std::vector<Shipment> NodeEvents::due() {
  std::vector<Shipment> shipments;
  if (queued_ == 0) return shipments;
  for (auto& [tool, lane] : lanes_) {
    if (lane.under_way > 0 || lane.queue.empty()) continue;
    batcher_.start(lane.origin);
    while (lane.under_way < std::min(lane.queue.size(), kMaxBatch) && !batcher_.full()) {
      const auto& event = lane.queue[lane.under_way];
      batcher_.add(event, lane.stored + lane.under_way + 1);
      if (is_sample(event)) --waiting_samples_;
      ++lane.under_way;
    }
    const auto next = lane.stored + lane.under_way;
    shipments.push_back({.source = lane.number,
                         .epoch = lane.epoch,
                         .source_id = lane.source_id,
                         .tool = tool,
                         .previous = lane.stored,
                         .next = next,
                         .bytes = batcher_.finish(lane.source_id, lane.stored, next)});
  }
  return shipments;
}

void NodeEvents::answer(const Outcome& outcome) {
  const auto tool = tools_.find(outcome.source);
  if (tool == tools_.end()) return;
  auto& lane = lanes_.at(tool->second);
  if (lane.epoch != outcome.epoch || lane.under_way == 0) return;
  switch (outcome.kind) {
    case Outcome::Kind::stored:
      event_meters().sent.add(lane.under_way);
      settle(lane);
      break;
    case Outcome::Kind::conflict:  // it has lost what it had: the rest begins a source of its own
      rename(lane);
      break;
    case Outcome::Kind::refused:
      event_meters().dropped.add(lane.under_way);
      log::warn("events refused", {{"tool", tool->second}, {"reason", outcome.reason}});
      settle(lane);
      // Its span was not stored, so this source cannot go on.
      rename(lane);
      break;
  }
}

void NodeEvents::settle(Lane& lane) {
  for (std::size_t i = 0; i < lane.under_way; ++i) {
    const auto& event = lane.queue.front();
    if (event.kind == RunEvent::Kind::end) ended_.push_back(event.run);
    lane.queue.pop_front();
  }
  queued_ -= lane.under_way;
  lane.stored += std::exchange(lane.under_way, 0);
}

std::vector<std::string> NodeEvents::take_ended() { return std::exchange(ended_, {}); }

}  // namespace logboom::collector
