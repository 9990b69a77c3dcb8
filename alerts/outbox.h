// What is to be sent, durable until the other side has it.
//
// A message is written whole, in the write that made it due, and removed in a synced write after
// the final answer. Killed in between it is sent again, byte for byte the same. One thread per way
// out tries the oldest message that may go; a recipient that refuses for now waits alone, a server
// that is away holds up its own way only.
//
// Units:   times are UTC nanoseconds.
// Limits:  Options::max_outbox messages wait; a message is tried for kMailPatience or
//          kIrcPatience, then it is a dead letter, as is one refused for good; those are kept for
//          kKeepDead, at most kMaxDead.
// Threads: add() and all else from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/notify/channel.h"
#include "alerts/recipients.h"
#include "alerts/records.h"

namespace logboom::alerts {

struct Entry {
  std::string id;  // <message id>.<recipient's hash>
  std::string message_id;
  Recipient to;
  std::string tool;
  std::string title;  // for logs and the list of dead letters
  std::int64_t created_ns = 0;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<Entry> decode(std::string_view json);
};
[[nodiscard]] std::string entry_id(std::string_view message_id, const Recipient& to);

struct DeadLetter {
  Entry entry;
  std::string reason;
  std::int64_t failed_ns = 0;
};

class Outbox {
 public:
  static constexpr auto kMailPatience = std::chrono::hours(72);
  static constexpr auto kIrcPatience = std::chrono::hours(24);
  static constexpr auto kKeepDead = std::chrono::hours(24 * 7);
  static constexpr std::size_t kMaxDead = 1'000;

  struct Ways {
    std::unique_ptr<Channel> mail, irc;  // none: such messages are dropped and counted
    std::size_t max_outbox = 10'000;
    std::chrono::milliseconds first_wait{5'000};  // after a try that failed; then doubled
    std::function<std::int64_t()> now;            // empty: the system's clock
  };

  // What lies in `records` is sent on. Owns the channels; `records` must outlive it.
  static std::unique_ptr<Outbox> start(Records& records, Ways ways);
  virtual ~Outbox() = default;

  // Adds the message to `changes`; it is sent once they are written. False: there is no such way
  // out, or no room; that is counted and logged.
  virtual bool add(const Entry& entry, std::string bytes, store::RecordWrite& changes) = 0;
  // Waits until the message is out, has failed once, or time is up.
  enum class Fate : std::uint8_t { waiting, sent, failed };
  [[nodiscard]] virtual std::pair<Fate, std::string> wait(const std::string& id,
                                                          std::chrono::milliseconds most) = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual Result<std::vector<DeadLetter>> dead_letters() const = 0;
  // Lets a message under way come to its answer, then joins. Idempotent.
  virtual void stop() = 0;
};

// How long a recipient or server that refused `tries` times is left alone: `first`, doubled up to
// 15 min.
[[nodiscard]] std::chrono::milliseconds outbox_wait(int tries, std::chrono::milliseconds first);

}  // namespace logboom::alerts
