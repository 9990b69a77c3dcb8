// One run on disk: what its wrapper writes and a collector ships.
//
//   0     "LOGRUN1\n"
//   8     u64 acknowledged: records up to this offset are stored
//   16    u64 resume: the frame to read from again; bytes between the header and it may be a hole
//   24    u32 size of the fields, then the fields (run, job, tool, ...)
//   2048  u32 size of the last words, then an end event's fields: written where a full disk took no
//         frame any more
//   4096  frames:
//
//   frame: kind u8 | 0 u8 | check u16 | size u32 | time i64 | `size` bytes      (little endian)
//     'o' 'e'  output as it was read from the command
//     'v'      a run event's fields
//     'g'      a gap: u64 bytes missing, then the reason
//   fields: (u16 size, name, u32 size, value)*
//
// Position of a record: the offset just past its last byte; an event's or gap's is its frame's end.
// A torn tail is normal: what is no whole frame has not been written yet, or never will be.
// Errors:  corrupt, for bytes nobody writes. Limits: kMaxFrame, kMaxFields.
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace logboom::collector {

inline constexpr std::size_t kSpoolHeader = 4096, kLastWordsAt = 2048, kFrameHeader = 16;
inline constexpr std::size_t kMaxFrame = 256 * 1024, kMaxFields = 64;
inline constexpr std::string_view kSpoolSuffix = ".run", kUnbornSuffix = ".new";

using Fields = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] std::string encode_fields(const Fields& fields);
[[nodiscard]] Result<Fields> decode_fields(std::string_view bytes);
[[nodiscard]] std::string_view field(const Fields& fields, std::string_view name);

struct SpoolHeader {
  std::uint64_t acknowledged = kSpoolHeader, resume = kSpoolHeader;
  Fields fields;      // run, job, tool (as wished; may be empty)
  Fields last_words;  // mostly empty
};
// Values are cut until they fit.
[[nodiscard]] std::string encode_header(const SpoolHeader& header);
[[nodiscard]] Result<SpoolHeader> decode_header(std::string_view bytes);
// The part at kLastWordsAt; nothing when it does not fit even without `message` and `command`.
[[nodiscard]] std::optional<std::string> encode_last_words(Fields fields);

enum class FrameKind : std::uint8_t { out = 'o', err = 'e', event = 'v', gap = 'g' };

struct Frame {
  FrameKind kind = FrameKind::out;
  std::int64_t time_ns = 0;
  std::string_view bytes;  // of the buffer it was read from
};
[[nodiscard]] std::string encode_frame_header(FrameKind kind, std::int64_t time_ns,
                                              std::size_t size);
// The frame `bytes` begins with. Nothing: it is not whole yet.
[[nodiscard]] Result<std::optional<Frame>> decode_frame(std::string_view bytes);

struct SpoolGap {
  std::uint64_t missing_bytes = 0;
  std::string reason;
};
[[nodiscard]] std::string encode_gap(const SpoolGap& gap);
[[nodiscard]] Result<SpoolGap> decode_gap(std::string_view bytes);

}  // namespace logboom::collector
