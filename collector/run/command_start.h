// Starts a command with pipes for its output and everything else as it was.
//
// Threads: one.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "collector/descriptor.h"

namespace logboom::collector {

// The signals a wrapper passes on, kept from ending it: they are read from a descriptor.
class Signals {
 public:
  Signals();

  struct Before {
    sigset_t mask;
    struct sigaction child;
    void restore() const;
  };
  [[nodiscard]] const Before& before() const { return before_; }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  [[nodiscard]] bool ignored(int number) const;  // the caller had it so
  // What SIGTSTP would have done to this process, had it not been blocked. Returns once it goes on.
  void stop() const;

 private:
  Before before_{};
  Descriptor descriptor_;
};

struct StartedCommand {
  struct Stream {
    int number = 0;   // 1 or 2; one that is closed has none
    Descriptor pipe;  // non-blocking
  };
  pid_t pid = -1;
  std::vector<Stream> streams;
  int no_process = 0;    // the error, where none could be made: nothing was tried
  int error_number = 0;  // it could not be executed; `message` names what is missing
  std::string message;
  std::string interpreter;  // of a script, where that is what is missing
};

[[nodiscard]] StartedCommand start_command(
    const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& environment,
    const Signals::Before& before);

// Sets the error of `started`, its message and interpreter, where it is plain before any try that
// the program cannot be executed: as start_command() would tell it.
void foresee_error(const std::string& program, StartedCommand& started);

// Becomes the command, with its own descriptors and signals. Returns where it cannot be executed,
// the error in `started`.
void exec_in_place(const std::vector<std::string>& command,
                   const std::vector<std::pair<std::string, std::string>>& environment,
                   const Signals::Before& before, StartedCommand& started);

}  // namespace logboom::collector
