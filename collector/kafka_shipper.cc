// Batches through Kafka, many under way at once: the producer keeps the order per tool.
//
// What is not acknowledged stays here too, so that after a fatal producer error (idempotence cannot
// be kept) a new producer is given the same bytes in the same order; the store sees through what
// arrives twice.
#include <condition_variable>
#include <deque>
#include <thread>

#include "collector/meters.h"
#include "collector/shipper.h"
#include "core/batch.h"
#include "core/log.h"
#include "core/stop.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFullPause{20};  // the producer's queue is full: it drains at this pace
constexpr milliseconds kReopenPause{500};
constexpr milliseconds kTopicTry{5'000};

class KafkaShipper final : public Shipper {
 public:
  KafkaShipper(kafka::Options options, std::size_t max_queued_bytes, int partitions,
               std::unique_ptr<kafka::Producer> producer)
      : options_(std::move(options)),
        max_queued_bytes_(max_queued_bytes),
        partitions_(partitions),
        producer_(std::move(producer)) {}
  ~KafkaShipper() override { stop(); }

  void start(std::function<void()> wake) override {
    outcomes_.start(std::move(wake));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void ship(Shipment shipment) override {
    {
      const std::scoped_lock lock(mutex_);
      entries_.push_back({std::move(shipment), State::waiting});
    }
    changed_.notify_one();
  }

  std::vector<Outcome> take() override { return outcomes_.take(); }

  void stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    producer_.reset();
  }

 private:
  enum class State : std::uint8_t { waiting, sent, done };
  struct Entry {
    Shipment shipment;
    State state;
  };

  void make_topic(const std::stop_token& stop) {
    bool told = false;
    while (partitions_ > 0 && !stop.stop_requested()) {
      const auto made = kafka::ensure_topic(options_, partitions_, kTopicTry);
      if (made) {
        if (told) log::info("Kafka topic is there", {{"topic", options_.topic}});
        break;
      }
      if (!std::exchange(told, true)) {
        log::warn("waiting for Kafka, nothing is lost",
                  {{"brokers", options_.brokers}, {"error", made.error().message}});
      }
      (void)sleep_for(stop, backoff_.next());
    }
    backoff_.reset();
  }

  void run(const std::stop_token& stop) {
    make_topic(stop);
    while (!stop.stop_requested()) {
      std::uint64_t index = 0;
      Shipment copy;
      {
        std::unique_lock lock(mutex_);
        const auto due = [&] { return broken_ || next_ < first_ + entries_.size(); };
        if (!changed_.wait(lock, stop, due)) return;
        if (!broken_) {
          index = next_++;
          auto& entry = entries_[index - first_];
          if (entry.state == State::done) continue;
          entry.state = State::sent;
          copy = entry.shipment;
        }
      }
      if (copy.bytes.empty()) {
        if (!reopen(stop)) return;
      } else {
        send(index, std::move(copy), stop);
      }
    }
  }

  void send(std::uint64_t index, Shipment shipment, const std::stop_token& stop) {
    const auto generation = generation_;
    auto sent = producer_->send(shipment.tool, std::move(shipment.bytes),
                                [this, index, generation](const Result<kafka::Delivered>& result) {
                                  delivered(index, generation, result);
                                });
    if (sent) return;
    if (sent.error().code == Errc::limit) {
      {
        const std::scoped_lock lock(mutex_);
        entries_[index - first_].state = State::waiting;
        next_ = index;
      }
      (void)sleep_for(stop, kFullPause);
    } else {
      delivered(index, generation, fail(sent.error()));
    }
  }

  // From the producer's thread, or from ours when it would not take the message.
  void delivered(std::uint64_t index, std::uint64_t generation,
                 const Result<kafka::Delivered>& result) {
    const std::scoped_lock lock(mutex_);
    if (generation != generation_ || index < first_) return;
    auto& entry = entries_[index - first_];
    if (entry.state == State::done) return;
    if (result) {
      outcomes_.put(entry.shipment, Outcome::Kind::stored);
    } else if (result.error().code == Errc::too_large) {
      // Nothing else is the batch's own fault: a wrong topic or right is mended, then it goes on.
      outcomes_.put(entry.shipment, Outcome::Kind::refused, 0, result.error().message);
    } else {
      if (result.error().code == Errc::cancelled) return;  // the producer is going: see reopen()
      if (!broken_) {
        log::error("Kafka producer failed: starting a new one",
                   {{"error", result.error().message}});
      }
      broken_ = true;
      changed_.notify_one();
      return;
    }
    entry.state = State::done;
    entry.shipment.bytes = {};
    for (; !entries_.empty() && entries_.front().state == State::done; ++first_) {
      entries_.pop_front();
    }
    next_ = std::max(next_, first_);
  }

  // A new producer, and all that has no answer waits again. False when we are stopping.
  bool reopen(const std::stop_token& stop) {
    producer_.reset();  // calls back what it still has
    {
      const std::scoped_lock lock(mutex_);
      ++generation_;
      broken_ = false;
      for (auto& entry : entries_) {
        if (entry.state == State::sent) entry.state = State::waiting;
      }
      next_ = first_;
    }
    meters().retries.add();
    // What broke it may break the next one at once.
    if (!sleep_for(stop, kReopenPause)) return false;
    while (!stop.stop_requested()) {
      auto producer = kafka::Producer::open(options_, max_queued_bytes_);
      if (producer) {
        producer_ = *std::move(producer);
        return true;
      }
      log::error("cannot make a Kafka producer", {{"error", producer.error().message}});
      if (!sleep_for(stop, backoff_.next())) break;
    }
    return false;
  }

  kafka::Options options_;
  std::size_t max_queued_bytes_;
  const int partitions_;
  std::unique_ptr<kafka::Producer> producer_;  // of the thread
  OutcomeQueue outcomes_;
  Backoff backoff_;
  std::mutex mutex_;  // guards all below; generation_ is written by the thread alone
  std::condition_variable_any changed_;
  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;  // the index of entries_.front()
  std::uint64_t next_ = 0;   // the next to send
  std::uint64_t generation_ = 0;
  bool broken_ = false;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Shipper>> make_kafka_shipper(const kafka::Options& options,
                                                    std::size_t max_unacked_bytes, int partitions) {
  // Room for the one batch that may go over the collector's limit.
  const auto max_queued_bytes = max_unacked_bytes + 4 * kBatchBytes;
  auto producer = kafka::Producer::open(options, max_queued_bytes);
  if (!producer) return fail(std::move(producer).error());
  return std::make_unique<KafkaShipper>(options, max_queued_bytes, partitions,
                                        *std::move(producer));
}

}  // namespace logboom::collector
