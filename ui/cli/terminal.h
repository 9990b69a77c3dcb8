// What a terminal may be sent: colours or not, nothing that could take it over, and a pager.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom::ui::cli {

using Environment = std::map<std::string, std::string>;
// "" when unset.
[[nodiscard]] std::string get(const Environment& environment, const std::string& name);

// --color beats NO_COLOR, which beats CLICOLOR_FORCE and FORCE_COLOR, which beat TERM=dumb and
// whether it is a terminal at all. `flag`: always, never, or auto (also "").
[[nodiscard]] bool use_colour(std::string_view flag, const Environment& environment,
                              bool is_terminal);

// The text without escape sequences, control characters (tabs stay, a line break becomes a space)
// and marks that reorder text on the screen; what is not UTF-8 becomes U+FFFD. A log line must not
// move the reader's cursor.
[[nodiscard]] std::string printable(std::string_view text);

// A program that shows what is written to it, a page at a time. SIGPIPE must be ignored
// (core/stop.h), or quitting the pager ends us. Owns: the child process; the destructor waits for
// it to end.
class Pager {
 public:
  // The command of LOGS_PAGER, else PAGER, else `less -FRX` where there is one. "" or "cat": none.
  [[nodiscard]] static std::string command(const Environment& environment);
  // Errors: io.
  [[nodiscard]] static Result<std::unique_ptr<Pager>> start(const std::string& command);
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  // Fails (badbit) once the reader has quit the pager.
  [[nodiscard]] std::ostream& stream();

 private:
  class Pipe;
  Pager(std::unique_ptr<Pipe> pipe, pid_t child);

  std::unique_ptr<Pipe> pipe_;
  std::unique_ptr<std::ostream> stream_;
  pid_t child_;
};

}  // namespace logboom::ui::cli
