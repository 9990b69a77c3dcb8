// Passes one stream of a command on to where it was to go, byte for byte, without ever blocking.
//
// At most one read is held back while the other side does not take it; then the command waits, as
// it would have waited by itself. A reader that goes away closes the command's pipe, so that the
// command sees SIGPIPE as it would have; readers of a named pipe may come back, so there a failing
// write alone says so. What cannot be written for another reason (a full disk, a terminal that has
// gone) is dropped: the command cannot be told why, and SIGPIPE would be a wrong reason.
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

  // `from`: the read end, non-blocking; `to`: the original descriptor, which is let go (see
  // standard_streams.h) once all is written, so that a reader sees the end when the command closes.
  Relay(Descriptor from, int to);

  // What to poll for: the pipe's end and the other side. Entries are ignored where fd is -1; the
  // caller may set the source's to -1 where no more is to be read.
  void prepare(pollfd& source, pollfd& target) const;
  // Acts on what poll said. The bytes newly read, or "" (valid until the next call).
  std::string_view act(const pollfd& source, const pollfd& target);
  // Reads what is in the pipe at this moment and holds it. Calls `take` for each piece.
  template <class Take>
  void drain(const Take& take) {
    for (std::size_t left = waiting(); left > 0 && from_.open();) {
      const auto got = read_more(left);
      if (got.empty()) break;
      left -= got.size();
      take(got);
      write_some();
    }
    let_go_if_over();
  }
  // Closes the pipe where nobody can write into it any more, without reading.
  void look_for_end();
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
  enum class Kind : std::uint8_t { plain, socket, nonblocking, small_pieces };
  std::string_view read_more(std::size_t most);
  void write_some();
  void close();
  void let_go_if_over();
  [[nodiscard]] std::size_t waiting() const;

  Descriptor from_;
  int to_;
  Descriptor own_;  // another description of `to_`, which may be non-blocking without harm
  Kind kind_ = Kind::small_pieces;
  bool for_good_ = false;  // a reader that goes away never comes back
  bool let_go_ = false;
  int write_error_ = 0;
  std::string buffer_, held_;
};

}  // namespace logboom::collector
