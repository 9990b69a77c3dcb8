// Stack frames that are not the reader's own: of libraries, runtimes, package folders. In an
// excerpt they are folded into one row, since the cause stands in one's own code or in the last
// line.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "ui/cli/run_answer.h"

namespace logboom::ui::cli {

// Whether the line is a frame of a library in a trace of Python, Java, Node, Ruby, PHP, Go or C#.
[[nodiscard]] bool is_library_frame(std::string_view line);

struct Fold {
  std::size_t first = 0, count = 1;  // indices of the lines
  bool folded = false;
};
// All lines in order; three and more in a row that belong to library frames are one fold, unless
// their number is in `keep`.
[[nodiscard]] std::vector<Fold> fold_frames(const std::vector<NumberedLine>& lines,
                                            const std::set<std::uint32_t>& keep);

}  // namespace logboom::ui::cli
