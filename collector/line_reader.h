// Cuts a file's bytes into lines without keeping more than one line of it.
//
// Units:   positions are raw bytes of the source; a line's end lies past its newline.
// Limits:  a line is at most `max_line` bytes; of a longer one the start is kept, the rest is read
//          over, and `size` still says how long it was.
// Threads: one at a time.
//
// An unfinished short line stays with the caller, who offers its bytes again when more have come,
// so that thousands of idle files cost no memory. Only a line already over the limit is held here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/batch.h"

namespace logboom::collector {

struct RawLine {
  std::string_view text;    // without the newline; valid until the next call
  std::uint64_t begin = 0;  // position of its first byte
  std::uint64_t end = 0;
  std::uint64_t size = 0;  // bytes of the line before it was cut, without the newline
};

class LineReader {
 public:
  explicit LineReader(std::size_t max_line = kMaxLine) : max_line_(max_line) {}

  // The next complete line of `bytes`, which lie at `position`; moves both past it. Nothing: what
  // is left in `bytes` is an unfinished line.
  [[nodiscard]] std::optional<RawLine> next(std::string_view& bytes, std::uint64_t& position);
  // The unfinished line itself, where nothing will complete it. Nothing if there is none.
  [[nodiscard]] std::optional<RawLine> rest(std::string_view& bytes, std::uint64_t& position);

  // Where the long line begins that is being read over, if one is.
  [[nodiscard]] std::optional<std::uint64_t> held_from() const;
  void reset();

 private:
  RawLine release(std::uint64_t end);

  std::size_t max_line_;
  std::string held_;  // the kept start of a line over the limit
  bool holding_ = false;
  std::uint64_t begin_ = 0, size_ = 0;
};

}  // namespace logboom::collector
