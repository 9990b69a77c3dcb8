// One turn of reading one source: bytes to lines, lines to a batch ready to ship.
//
// A turn reads at most kTurnBytes, so that one busy file does not hold up the others, and whatever
// it read goes into one batch: nothing of a source lies in memory between turns but its unfinished
// lines.
// Threads: one.
#pragma once

#include <optional>
#include <vector>

#include "collector/batcher.h"
#include "collector/shipper.h"
#include "collector/source_file.h"

namespace logboom::collector {

class Reader {
 public:
  static constexpr std::size_t kTurnBytes = 512 * 1024;
  static_assert(kTurnBytes > kMaxLine, "a turn must get past any unfinished line");

  enum class Seen : std::uint8_t {
    more,       // it has more to read now
    end,        // all that is there has been read
    truncated,  // it is shorter than what was read of it
    replaced,   // what was read is not there any more
    failed,     // the operating system refused (see error())
  };

  explicit Reader(const Redactor& redactor)
      : batcher_(redactor), buffer_(kTailBytes + kTurnBytes) {}

  // Reads on; a batch is handed out in `shipment` and noted in the source. With source.flush set,
  // unfinished lines at the end are taken as they are.
  [[nodiscard]] Seen turn(Source& source, std::optional<Shipment>& shipment);
  // A line that says what is missing, as the one record of (previous, position].
  [[nodiscard]] Shipment gap(Source& source, const Source::Gap& gap, std::uint64_t position,
                             const Mark& after);
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  void take(Source& source, const RawLine& line);
  void take_container_line(Source& source, const ContainerLine& line);
  void flush(Source& source, std::string_view& bytes, std::uint64_t& position);
  Shipment ship(Source& source);

  Batcher batcher_;
  std::vector<char> buffer_;
  std::string scratch_;
  std::int64_t now_ns_ = 0;
  Error error_;
};

// "2.1 MB"; for people.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace logboom::collector
