#include "query/kafka_intake.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/log.h"
#include "core/otlp.h"

namespace logboom::query {
namespace {

// One request's messages under way. Shared with the callbacks, which may come after the deadline.
class Deliveries {
 public:
  void sent() {
    std::lock_guard lock(mutex_);
    ++open_;
  }
  void done(const Result<kafka::Delivered>& result) {
    std::lock_guard lock(mutex_);
    --open_;
    if (!result && !error_) error_ = result.error();
    changed_.notify_all();
  }
  Result<void> wait(std::chrono::milliseconds deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, deadline, [&] { return open_ == 0; })) {
      return fail(Errc::unavailable, "Kafka did not take the lines within " +
                                         std::to_string(deadline.count()) + " ms; send them again");
    }
    if (error_) return fail(*error_);
    return {};
  }

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::size_t open_ = 0;
  std::optional<Error> error_;
};

// Records [from, to) of a batch with the streams they need: views into `whole`, for encoding only.
Batch slice_of(const Batch& whole, std::size_t from, std::size_t to) {
  Batch part;
  part.tool = whole.tool;
  part.columns = whole.columns;
  part.redacted = whole.redacted;
  std::unordered_map<std::uint32_t, std::uint32_t> streams;
  for (std::size_t i = from; i < to; ++i) {
    const auto& record = part.records.emplace_back(whole.records[i]);
    const auto next = static_cast<std::uint32_t>(part.streams.size());
    const auto [at, is_new] = streams.try_emplace(record.stream, next);
    if (is_new) part.streams.push_back(whole.streams[record.stream]);
    part.records.back().stream = at->second;
  }
  return part;
}

std::size_t size_of(const Record& record) {
  std::size_t size = record.body.size() + 32;
  for (const auto& [name, value] : record.metadata) size += name.size() + value.size() + 8;
  return size;
}

std::size_t size_of(const Labels& labels) {
  std::size_t size = 32;
  for (const auto& [name, value] : labels.pairs()) size += name.size() + value.size() + 16;
  return size;
}

// Where to cut a batch so that each part is about kMessageBytes: the ends of the parts.
std::vector<std::size_t> cuts_of(const Batch& batch) {
  std::vector<std::size_t> cuts;
  std::unordered_set<std::uint32_t> streams;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const auto& record = batch.records[i];
    if (bytes > kMessageBytes) {
      cuts.push_back(i);
      streams.clear();
      bytes = 0;
    }
    bytes += size_of(record);
    if (streams.insert(record.stream).second) bytes += size_of(batch.streams[record.stream]);
  }
  cuts.push_back(batch.records.size());
  return cuts;
}

class KafkaIntake : public Intake {
 public:
  KafkaIntake(kafka::Options options, std::chrono::milliseconds deadline,
              std::shared_ptr<kafka::Producer> producer)
      : options_(std::move(options)), deadline_(deadline), producer_(std::move(producer)) {}

  Result<std::vector<store::Appended>> accept(std::vector<Batch> batches) override {
    auto producer = living_producer();
    if (!producer) return fail(std::move(producer).error());
    const auto deliveries = std::make_shared<Deliveries>();
    std::vector<store::Appended> appended;
    for (const auto& batch : batches) {
      auto sent = batch.span ? send(**producer, batch, deliveries)
                             : send_cut_up(**producer, batch, deliveries);
      if (!sent) return fail(std::move(sent).error());
      appended.emplace_back().lines = batch.records.size();
    }
    if (auto delivered = deliveries->wait(deadline_); !delivered) {
      return fail(std::move(delivered).error());
    }
    return appended;
  }

 private:
  // After a fatal error the producer is replaced: whoever was refused sends again.
  Result<std::shared_ptr<kafka::Producer>> living_producer() {
    std::lock_guard lock(mutex_);
    if (!producer_->fatal()) return producer_;
    log::warn("Kafka producer failed for good; opening a new one");
    auto opened = kafka::Producer::open(options_);
    if (!opened) return fail(std::move(opened).error());
    producer_ = *std::move(opened);
    return producer_;
  }

  static Result<void> send(kafka::Producer& producer, const Batch& batch,
                           const std::shared_ptr<Deliveries>& deliveries) {
    deliveries->sent();
    auto sent = producer.send(
        batch.tool, otlp::encode(batch),
        [deliveries](const Result<kafka::Delivered>& result) { deliveries->done(result); });
    return sent;
  }

  static Result<void> send_cut_up(kafka::Producer& producer, const Batch& batch,
                                  const std::shared_ptr<Deliveries>& deliveries) {
    const auto cuts = cuts_of(batch);
    if (cuts.size() == 1) return send(producer, batch, deliveries);
    std::size_t from = 0;
    for (const std::size_t to : cuts) {
      if (auto sent = send(producer, slice_of(batch, from, to), deliveries); !sent) return sent;
      from = to;
    }
    return {};
  }

  kafka::Options options_;
  std::chrono::milliseconds deadline_;
  std::mutex mutex_;  // guards producer_
  std::shared_ptr<kafka::Producer> producer_;
};

}  // namespace

Result<std::unique_ptr<Intake>> kafka_intake(kafka::Options options,
                                             std::chrono::milliseconds deadline) {
  auto producer = kafka::Producer::open(options);
  if (!producer) return fail(std::move(producer).error());
  return std::make_unique<KafkaIntake>(std::move(options), deadline, *std::move(producer));
}

}  // namespace logboom::query
