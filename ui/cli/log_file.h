// A log file, explained without a server: the offline half of `logs why`.
//
// Errors:  io: it cannot be read (the file and the reason are named).
// Limits:  what query/why looks at: of a longer log the first and the last lines.
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "ui/cli/run_answer.h"

namespace logboom::ui::cli {

inline constexpr std::size_t kMaxBaselines = 10;  // later ones are left out

struct FileVerdict {
  VerdictInfo verdict;
  std::string json;    // one object
  bool empty = false;  // the log has no lines
};

// `path` "-" reads `in`. `baselines`: logs of good runs, the newest first.
[[nodiscard]] Result<FileVerdict> explain_file(const std::string& path, std::istream& in,
                                               const std::vector<std::string>& baselines,
                                               std::optional<std::int64_t> exit_code);

}  // namespace logboom::ui::cli
