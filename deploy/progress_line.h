// How far a long task has come, shown to who waits: one line that is rewritten on a terminal, a
// line every few seconds elsewhere, or NDJSON for programs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/progress.h"

namespace logboom::deploy {

enum class ProgressForm : std::uint8_t { terminal, plain, json };

class ProgressLine {
 public:
  using Write = std::function<void(std::string_view)>;
  // `now_ns`: a clock that never goes back.
  ProgressLine(ProgressForm form, Write write, std::function<std::int64_t()> now_ns);

  // Shows it, unless something was shown a moment ago.
  void tell(const store::Step& step);
  // Takes the line off the terminal: something else is written next.
  void clear();

 private:
  [[nodiscard]] std::string text(const store::Step& step, std::int64_t now) const;

  ProgressForm form_;
  Write write_;
  std::function<std::int64_t()> now_ns_;
  std::string what_;  // since when, and from where, speed is counted
  std::int64_t since_ns_ = 0;
  std::uint64_t from_ = 0;
  std::int64_t shown_ns_ = 0;
  bool shown_ = false;
};

// 123 B, 1.2 KiB, 45.6 MiB ...
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace logboom::deploy
