// A verdict as people read it on a terminal: what became of the run, why, the lines that say it,
// the proof, what it took, and what to type next.
#pragma once

#include <cstdint>
#include <ostream>

#include "ui/cli/run_answer.h"
#include "ui/cli/when.h"

namespace logboom::ui::cli {

struct VerdictOptions {
  bool colour = false;
  std::size_t width = 100;  // columns; longer lines go on indented. 0: do not break lines
  Zone zone = Zone::utc();
  std::int64_t now = 0;
  std::string file;  // the log it is about, when there is no run
  // Of that log: whether it has no lines, and whether its command's exit code was given.
  bool file_empty = false, exit_known = true;
  std::string tool;  // the reader's own: not repeated before the job's name
};

// `run`: what else is known of it; null where nothing is.
void print_verdict(std::ostream& out, const VerdictInfo& verdict, const RunInfo* run,
                   const VerdictOptions& options);

// "exit code 2", "killed by SIGKILL", ...: how it ended, "" where it is not known.
[[nodiscard]] std::string ending_words(const RunInfo& run);

}  // namespace logboom::ui::cli
