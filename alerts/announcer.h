// Makes messages of notices: to whom, in which words, and not too many at once.
//
// Units:   times are UTC nanoseconds.
// Limits:  messages_per_hour notices of a tool go out as messages; what is more waits, durable, for
//          one digest per recipient, an hour after the first of it; of more than kMaxHeld of a tool
//          in an hour only the number is known.
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "alerts/notice.h"
#include "alerts/notify/mime.h"
#include "alerts/options.h"
#include "alerts/outbox.h"
#include "alerts/recipients.h"
#include "alerts/silence.h"

namespace logboom::alerts {

class Announcer {
 public:
  static constexpr std::size_t kMaxHeld = 1'000;
  static constexpr std::size_t kMaxTools = 10'000;  // beyond, idle ones are forgotten

  // Owns nothing: all must outlive it.
  Announcer(const Options& options, const Recipients& recipients, Records& records,
            Silence& silence, Outbox& outbox);

  // Adds the notice's messages to `changes`. How many; 0: nobody wants to hear of it.
  [[nodiscard]] Result<std::size_t> announce(const Notice& notice, store::RecordWrite& changes);
  // The same for one recipient, whatever the rules and the rate. The entry's id.
  [[nodiscard]] Result<std::string> announce_to(const Recipient& to, const Notice& notice,
                                                store::RecordWrite& changes);
  // Sends the digests that are due.
  [[nodiscard]] Result<void> send_digests(std::int64_t now_ns);

 private:
  enum class Turn : std::uint8_t { now, held, dropped };
  // When and which, in the last hour. By id, so that a notice whose write failed has the same turn
  // when it comes again, and spends no other's.
  using Notices = std::deque<std::pair<std::int64_t, std::string>>;
  struct Rate {
    Notices told, held;
    void age(std::int64_t now_ns);
  };
  [[nodiscard]] Turn turn_of(const Notice& notice);
  void add(const Recipient& to, const Notice& notice, store::RecordWrite& changes);
  // One to `to` about the tool, but for what makes it part of a thread.
  [[nodiscard]] Mail mail_of(const Recipient& to, const std::string& tool,
                             const std::string& message_id, std::int64_t now_ns,
                             MailParts parts) const;

  const Options& options_;
  const Recipients& recipients_;
  Records& records_;
  Silence& silence_;
  Outbox& outbox_;
  std::mutex mutex_;                   // guards rates_
  std::map<std::string, Rate> rates_;  // by tool
};

}  // namespace logboom::alerts
