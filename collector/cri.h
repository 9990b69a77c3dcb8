// The records container runtimes write, one a line, and the joining of lines they split.
//
//   CRI:     2026-01-31T12:00:00.123456789Z stdout F the message        P = more of it follows
//   Docker:  {"log":"the message\n","stream":"stdout","time":"2026-..."}  no \n = more follows
//
// Source: Kubernetes' CRI log format (`<time> <stream> <tags> <message>`, tags split by ':', the
// first is P or F) and Docker's json-file driver. Runtimes split messages at 16 KiB. Limits:  a
// joined line is at most `max_line` bytes; the rest is left out but counted in `size`. Threads: the
// parsers from any thread; a joiner from one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/batch.h"

namespace logboom::collector {

inline constexpr std::uint32_t kStdout = 0, kStderr = 1;  // also the indexes of a batch's streams

struct Piece {
  std::int64_t time_ns = 0;
  std::uint32_t stream = kStdout;
  bool partial = false;
  std::string_view text;
};

// Nothing when the line is no such record. `scratch` holds the text that had to be unescaped.
[[nodiscard]] std::optional<Piece> parse_cri(std::string_view line);
[[nodiscard]] std::optional<Piece> parse_docker(std::string_view line, std::string& scratch);

struct ContainerLine {
  std::int64_t time_ns = 0;  // of its first piece
  std::uint32_t stream = kStdout;
  std::string_view text;   // valid until the next call
  std::uint64_t end = 0;   // position past its last piece
  std::uint64_t size = 0;  // bytes before it was cut
};

class PieceJoiner {
 public:
  explicit PieceJoiner(std::size_t max_line = kMaxLine) : max_line_(max_line) {}

  // Takes the piece whose record lies at [begin, end) and gives the line it completes, if it does.
  // `left_out`: how many bytes of its text the line reader did not keep.
  [[nodiscard]] std::optional<ContainerLine> add(const Piece& piece, std::uint64_t begin,
                                                 std::uint64_t end, std::uint64_t left_out);
  // The unfinished line of a stream, where nothing will complete it; its end is `end`.
  [[nodiscard]] std::optional<ContainerLine> flush(std::uint32_t stream, std::uint64_t end);

  // Where the oldest unfinished line begins: reading must restart there to build it again.
  [[nodiscard]] std::optional<std::uint64_t> oldest_begin() const;
  void reset();

 private:
  struct Unfinished {
    bool open = false;
    std::int64_t time_ns = 0;
    std::uint64_t begin = 0, size = 0;
    std::string text;
  };
  std::size_t max_line_;
  std::array<Unfinished, 2> streams_;
};

}  // namespace logboom::collector
