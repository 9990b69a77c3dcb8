// A way out for messages, one recipient at a time.
#pragma once

#include <stop_token>
#include <string>

#include "core/result.h"

namespace logboom::alerts {

struct Letter {
  std::string id;     // the message's, for envelopes and logs
  std::string to;     // someone@example.org, #channel
  std::string bytes;  // a whole mail, or one line
};

// Threads: one at a time.
class Channel {
 public:
  virtual ~Channel() = default;
  // Returns once the other side has said that it has the message. Errors: invalid (this message
  // will never be taken there); limit (not now, for this recipient); unavailable, timeout, denied
  // (not now, for anybody); cancelled (we stop). After an error the message may be there all the
  // same: only the answer was lost.
  [[nodiscard]] virtual Result<void> send(const Letter& letter, std::stop_token stop) = 0;
};

}  // namespace logboom::alerts
