// The way out: encoded batches to a server or to Kafka, answers back.
//
// A shipper keeps what it was given and tries again without end while the other side is away; it
// answers each shipment once, those of one source in order. How much may be under way is the
// collector's limit (Options::max_unacked_bytes), so a shipper needs none of its own.
// Threads: ship() and take() from the collector's thread; `wake` is called from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/http/message.h"
#include "core/kafka/kafka.h"
#include "core/result.h"

namespace logboom::collector {

struct Shipment {
  std::uint64_t source = 0;  // its number here
  std::uint32_t epoch = 0;   // raised when a source is sent back; older answers then mean nothing
  std::string source_id;     // its name everywhere
  std::string tool;
  std::uint64_t previous = 0, next = 0;
  std::string bytes;  // one batch as OTLP
};

struct Outcome {
  enum class Kind : std::uint8_t {
    stored,    // or seen before
    conflict,  // the store lacks what comes before: go on at `expected`
    refused,   // never send it again; `reason` in the other side's words
  };
  Kind kind = Kind::stored;
  std::uint64_t source = 0;
  std::uint32_t epoch = 0;
  std::uint64_t previous = 0, next = 0;
  std::uint64_t expected = 0;
  std::size_t bytes = 0;
  std::string reason;
};

class Shipper {
 public:
  virtual ~Shipper() = default;
  // Before all else.
  virtual void start(std::function<void()> wake) = 0;
  virtual void ship(Shipment shipment) = 0;
  // The answers since the last call.
  [[nodiscard]] virtual std::vector<Outcome> take() = 0;
  // Sends nothing more; what has no answer yet stays without. Idempotent.
  virtual void stop() = 0;
};

// Where the answers wait for the collector. Threads: any.
class OutcomeQueue {
 public:
  void start(std::function<void()> wake);
  void put(const Shipment& shipment, Outcome::Kind kind, std::uint64_t expected = 0,
           std::string reason = {});
  [[nodiscard]] std::vector<Outcome> take();

 private:
  std::function<void()> wake_;
  std::mutex mutex_;  // guards outcomes_
  std::vector<Outcome> outcomes_;
};

struct HttpTarget {
  std::string url;  // http[s]://host:port[/prefix]; /v1/logs is appended
  http::Pairs headers{};
  std::string ca_file{};
  // A person who waits would rather hear that the token is wrong; an agent waits until it is right.
  bool wait_when_denied = true;
};
inline constexpr std::size_t kMaxRequestBytes = 4 << 20;

// Errors: invalid (the URL; Kafka's properties).
[[nodiscard]] Result<std::unique_ptr<Shipper>> make_http_shipper(HttpTarget target);
// `partitions`: what the topic is made with where it is not there yet, before the first batch, so
// that no broker makes it with a default of its own. 0: take it as it is.
[[nodiscard]] Result<std::unique_ptr<Shipper>> make_kafka_shipper(const kafka::Options& options,
                                                                  std::size_t max_unacked_bytes,
                                                                  int partitions = 0);

}  // namespace logboom::collector
