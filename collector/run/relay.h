// Passes one stream of a command on to where it was to go, byte for byte, without ever blocking.
//
// At most one read is held back while the other side does not take it; then the command waits, as
// it would have waited by itself. A reader that goes away closes the command's pipe, so that the
// command sees SIGPIPE as it would have. What cannot be written for another reason (a full disk) is
// dropped: the command cannot be told why, and SIGPIPE would be a wrong reason.
// Threads: one.
#pragma once

#include <poll.h>

#include <string>
#include <string_view>
#include <vector>

#include "collector/descriptor.h"

namespace logboom::collector {

class Relay {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;

  // `from`: the read end, non-blocking; `to`: the original descriptor, which stays open.
  Relay(Descriptor from, int to);

  // What to poll for: the pipe's end and the other side. Entries are ignored where fd is -1.
  void prepare(pollfd& source, pollfd& target) const;
  // Acts on what poll said. The bytes newly read, or "" (valid until the next call).
  std::string_view act(const pollfd& source, const pollfd& target);
  // Reads what is in the pipe at this moment and holds it. Calls `take` for each piece.
  template <class Take>
  void drain(const Take& take) {
    for (std::size_t left = waiting(); left > 0 && from_.open();) {
      const auto got = read_more(left);
      if (got.empty()) return;
      left -= got.size();
      take(got);
      write_some();
    }
  }
  [[nodiscard]] bool ended() const { return !from_.open(); }      // nothing more can be read
  [[nodiscard]] int write_error() const { return write_error_; }  // the last; 0: none
  [[nodiscard]] bool pending() const { return !held_.empty(); }
  [[nodiscard]] bool over() const { return ended() && !pending(); }
  // The descriptors it needs, to close all others.
  void add_descriptors(std::vector<int>& numbers) const {
    for (const int number : {from_.get(), own_.get(), to_}) {
      if (number >= 0) numbers.push_back(number);
    }
  }

 private:
  enum class Kind : std::uint8_t { plain, socket, nonblocking, small_pieces, nowhere };
  std::string_view read_more(std::size_t most);
  void write_some();
  void give_up();
  void close();
  [[nodiscard]] std::size_t waiting() const;

  Descriptor from_;
  int to_;
  Descriptor own_;  // another description of `to_`, which may be non-blocking without harm
  Kind kind_ = Kind::small_pieces;
  int write_error_ = 0;
  std::string buffer_, held_;
};

}  // namespace logboom::collector
