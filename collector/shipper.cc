#include "collector/shipper.h"

namespace logboom::collector {

void OutcomeQueue::start(std::function<void()> wake) { wake_ = std::move(wake); }

void OutcomeQueue::put(const Shipment& shipment, Outcome::Kind kind, std::uint64_t expected,
                       std::string reason) {
  {
    const std::scoped_lock lock(mutex_);
    outcomes_.push_back({.kind = kind,
                         .source = shipment.source,
                         .epoch = shipment.epoch,
                         .previous = shipment.previous,
                         .next = shipment.next,
                         .expected = expected,
                         .bytes = shipment.bytes.size(),
                         .reason = std::move(reason)});
  }
  wake_();
}

std::vector<Outcome> OutcomeQueue::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(outcomes_, {});
}

}  // namespace logboom::collector
