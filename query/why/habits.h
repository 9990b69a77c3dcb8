// What the job's good runs do and this one did not, or did otherwise.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/why/text.h"
#include "query/why/why.h"

namespace logboom::query::why {

// Good runs from which a habit is known. With fewer, everything that varies looks new.
inline constexpr std::size_t kKnownHabit = 5;

struct Habits {
  std::size_t runs = 0;  // good runs compared with
  // Lines that report 0 where every good run reports a number of its own above that.
  std::vector<std::uint32_t> zeros;
  // One of them reports a great number in all of many good runs.
  bool great_zero = false;
  // A kind of line that every good run has often, and this one hardly.
  struct Shrunk {
    std::uint32_t count, least;  // here, in the good runs
  };
  std::optional<Shrunk> shrunk;
  // Of every line: its kind came clearly more often than in any good run.
  std::vector<bool> more_than_ever;
  // Kinds of lines that every good run has and this one has not.
  std::size_t missing = 0;
  std::uint64_t lines = 0, least_lines = 0;

  [[nodiscard]] bool fewer_lines() const { return runs > 0 && 10 * lines < 7 * least_lines; }
  [[nodiscard]] bool far_fewer_lines() const {
    return runs >= kKnownHabit && least_lines >= 20 && 4 * lines < least_lines;
  }
};

[[nodiscard]] Habits compare(const Prepared& log, const Case& the_case);

// Whether the words speak of trouble that was got over: a retry, a fallback, a known problem.
[[nodiscard]] bool sounds_recovered(std::string_view line);
// Whether the words count trouble: no such thing is good news, and many are no success.
[[nodiscard]] bool counts_trouble(std::string_view line);

}  // namespace logboom::query::why
