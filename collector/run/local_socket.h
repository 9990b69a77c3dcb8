// The collector's end of hello.h: tells wrappers that it is there, and which tool is theirs.
//
// Limits:  kMaxGuests connections at a time; one that says nothing is let go after a second.
// Errors:  none: without a socket, wrappers ship for themselves.
// Owns:    <spool>/collector.sock and a thread, until it dies.
#pragma once

#include <string>
#include <string_view>
#include <thread>

#include "collector/descriptor.h"

namespace logboom::collector {

class LocalSocket {
 public:
  static constexpr std::size_t kMaxGuests = 64;

  LocalSocket(std::string spool, std::string fallback_tool);
  ~LocalSocket();
  // As a crash would: the socket's name stays.
  void abandon();

 private:
  void serve();
  [[nodiscard]] std::string answer_to(int guest, std::string_view wanted) const;

  std::string path_, fallback_tool_;
  Descriptor socket_, wake_;
  std::thread thread_;
  bool abandoned_ = false;
};

// Whose user's runs are whose: the name of the user, then tool_of_user(). A name is asked for once
// a minute: the name service may be slow, and nothing else waits for it.
[[nodiscard]] std::string tool_of_uid(unsigned int uid, std::string_view wanted,
                                      std::string_view fallback);

}  // namespace logboom::collector
