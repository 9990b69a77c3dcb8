// The commands about runs: why, runs, health, usage.
//
// A job of another tool is TOOL/JOB. A run's id is looked up whatever tool it belongs to, unless
// --tool says which.
#pragma once

#include "core/result.h"
#include "ui/cli/arguments.h"
#include "ui/cli/cli.h"
#include "ui/cli/notes.h"

namespace logboom::ui::cli {

// What `subject` and --tool name together: "bot/report" is the job report of the tool bot.
struct Subject {
  std::string tool;  // "": the one that is set
  std::string name;
};
[[nodiscard]] Subject split_subject(const std::string& subject, const std::string& tool_flag);

// Whether the text has the form of a run's id; a job may have it, too.
[[nodiscard]] bool like_run_id(std::string_view text);

// The exit code. Errors: see exit_code().
[[nodiscard]] Result<int> explain_run(const Arguments& arguments, Streams& streams,
                                      const Parts& parts, Notes& notes);
[[nodiscard]] Result<int> list_runs(const Arguments& arguments, Streams& streams,
                                    const Parts& parts, Notes& notes);
[[nodiscard]] Result<int> show_health(const Arguments& arguments, Streams& streams, Notes& notes);
[[nodiscard]] Result<int> show_usage(const Arguments& arguments, Streams& streams);

}  // namespace logboom::ui::cli
