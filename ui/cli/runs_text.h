// Tables about runs for a terminal: runs, health, usage.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "ui/cli/run_answer.h"
#include "ui/cli/when.h"

namespace logboom::ui::cli {

struct TableOptions {
  bool colour = false;
  std::size_t width = 100;  // columns; the last column is cut off there. 0: it is not
  Zone zone = Zone::utc();
  std::int64_t now = 0;
};

void print_runs(std::ostream& out, const std::vector<RunInfo>& runs, bool with_jobs,
                const TableOptions& options);
void print_health(std::ostream& out, const Health& health, const TableOptions& options);
void print_usage(std::ostream& out, const Usage& usage, const TableOptions& options);

}  // namespace logboom::ui::cli
