// The word between a wrapper and the collector of its machine: "are you there, and whose am I?"
//
// One packet each way over <spool>/collector.sock (SOCK_SEQPACKET): the tool the caller wants, and
// the tool its user may write to. The collector knows the user from the socket, not from the
// packet. Errors:  none: no answer in time is no collector. Threads: one.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "collector/descriptor.h"

namespace logboom::collector {

inline constexpr std::size_t kMaxHello = 256;

[[nodiscard]] std::string socket_path(const std::string& spool);

class Hello {
 public:
  // Asks without waiting.
  Hello(const std::string& spool, const std::string& tool);
  // Nothing: there is no collector, or it did not answer in time.
  [[nodiscard]] std::optional<std::string> answer(std::chrono::milliseconds most);

 private:
  Descriptor socket_;
};

}  // namespace logboom::collector
