// The bodies of a sealed block: frames of about kFrameBytes, so that few are unpacked for one line.
//
// Two codecs, chosen per block by the size of its first frames: the lines as they are, or split
// into templates and columns (templates.h). Each stream of a frame is compressed alone with zstd;
// the first frame's stream is the dictionary of the later ones, so that what repeats over the block
// costs little in each frame.
//
// Errors:  corrupt, when the bytes are not what was encoded.
// Threads: encoding: one; a Frames is for one thread at a time (it keeps what it has unpacked).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace logboom::store {

inline constexpr std::size_t kFrameBytes = 256 << 10;  // of raw lines; about 64 KB of them coded
inline constexpr std::size_t kFrameLines = 1 << 14;
inline constexpr std::size_t kMaxFrameBytes = 64 << 20;  // what decoding accepts

// The first row of each frame, and after the last the number of rows.
[[nodiscard]] std::vector<std::size_t> cut_frames(std::span<const std::string_view> bodies);

// `thorough`: both codecs are run over everything and the smaller one is taken.
[[nodiscard]] std::string encode_frames(std::span<const std::string_view> bodies,
                                        std::span<const std::size_t> cuts, int zstd_level,
                                        bool thorough);

// The lines of one frame, one after the other; `bodies` has padding behind them.
struct FrameText {
  std::string bodies;
  std::vector<std::uint32_t> lengths;
  std::size_t bytes = 0;  // of bodies without the padding
};

class Frames {
 public:
  [[nodiscard]] static Result<Frames> open(std::string_view section);
  ~Frames();
  Frames(Frames&&) noexcept;
  Frames& operator=(Frames&&) noexcept;

  struct Frame {
    std::size_t first_row = 0, lines = 0, bytes = 0;
  };
  [[nodiscard]] const std::vector<Frame>& frames() const;
  [[nodiscard]] Result<void> read(std::size_t frame, FrameText& out);
  // False: certainly no line of the frame contains `run`, a run of letters and digits; may be
  // cheaper to say than to read the frame. True: read it.
  [[nodiscard]] Result<bool> may_contain(std::size_t frame, std::string_view run, bool any_case);

 private:
  struct State;
  explicit Frames(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace logboom::store
