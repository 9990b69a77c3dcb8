#include "deploy/local_shipper.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/log.h"
#include "core/otlp.h"
#include "core/stop.h"

namespace logboom::deploy {
namespace {

using collector::Outcome;
using collector::Shipment;

// As much as one commit should carry: enough to share the sync, little enough to be quick.
constexpr std::size_t kCommitBytes = 4 << 20;

class LocalShipper final : public collector::Shipper {
 public:
  explicit LocalShipper(query::Intake& intake) : intake_(intake) {}
  ~LocalShipper() override { LocalShipper::stop(); }

  void start(std::function<void()> wake) override {
    outcomes_.start(std::move(wake));
    thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
  }

  void ship(Shipment shipment) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(shipment));
    }
    wake_.notify_one();
  }

  std::vector<Outcome> take() override { return outcomes_.take(); }

  void stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void work(std::stop_token stop) {
    Backoff backoff;
    while (!stop.stop_requested()) {
      std::vector<Shipment> group = next_group(stop);
      while (!group.empty() && !stop.stop_requested()) {
        if (auto answered = commit(group)) {
          backoff.reset();
        } else {
          log::warn("the store takes no lines; the collector waits",
                    {{"error", answered.error().message}});
          if (!sleep_for(stop, backoff.next())) return;
        }
      }
    }
  }

  std::vector<Shipment> next_group(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, stop, [this] { return !waiting_.empty(); });
    std::vector<Shipment> group;
    std::size_t bytes = 0;
    while (!waiting_.empty() && bytes < kCommitBytes) {
      bytes += waiting_.front().bytes.size();
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return group;
  }

  // Answers the shipments of the group and takes them out of it. An error means: what is left in
  // the group was not stored, try again.
  Result<void> commit(std::vector<Shipment>& group) {
    std::vector<Batch> batches;
    std::erase_if(group, [&](const Shipment& shipment) {
      auto decoded = otlp::decode(shipment.bytes, shipment.tool);
      if (decoded && decoded->batches.size() == 1) {
        batches.push_back(std::move(decoded->batches.front()));
        return false;
      }
      outcomes_.put(shipment, Outcome::Kind::refused, 0,
                    decoded ? "not one batch" : decoded.error().message);
      return true;
    });
    if (group.empty()) return {};
    auto appended = intake_.accept(std::move(batches));
    if (!appended) return refused(group, std::move(appended).error());
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto& result = (*appended)[i];
      const bool conflict = result.kind == store::Appended::Kind::conflict;
      outcomes_.put(group[i], conflict ? Outcome::Kind::conflict : Outcome::Kind::stored,
                    result.expected);
    }
    group.clear();
    return {};
  }

  // The store would never take one of them: find out which, and keep its neighbours.
  Result<void> refused(std::vector<Shipment>& group, Error error) {
    if (error.code != Errc::invalid && error.code != Errc::too_large) return fail(std::move(error));
    if (group.size() == 1) {
      outcomes_.put(group.front(), Outcome::Kind::refused, 0, error.message);
      group.clear();
      return {};
    }
    while (!group.empty()) {
      std::vector<Shipment> one;
      one.push_back(std::move(group.front()));
      auto done = commit(one);
      if (!done) {
        group.front() = std::move(one.front());
        return done;
      }
      group.erase(group.begin());
    }
    return {};
  }

  query::Intake& intake_;
  collector::OutcomeQueue outcomes_;
  std::mutex mutex_;  // guards waiting_
  std::condition_variable_any wake_;
  std::deque<Shipment> waiting_;  // bounded by the collector's max_unacked_bytes
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<collector::Shipper> make_local_shipper(query::Intake& intake) {
  return std::make_unique<LocalShipper>(intake);
}

}  // namespace logboom::deploy
