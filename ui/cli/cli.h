// The program `logs`: arguments in, lines out, an exit code back. No global state but the process's
// time zone (see when.h), so tests run it as people do.
//
// Data goes to `out`, everything else to `err`. A closed `out` ends quietly.
// Threads: run() from one; `stop` may be asked for from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <istream>
#include <ostream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/http/message.h"
#include "core/result.h"
#include "core/stop.h"
#include "core/time.h"
#include "ui/cli/terminal.h"

namespace logboom::ui::cli {

inline constexpr int kOk = 0, kError = 1, kUsage = 2, kNothingFound = 3, kNotLetIn = 4,
                     kNotFound = 5, kLimit = 6, kUnreachable = 7, kInterrupted = 130;

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Environment env;
  bool out_is_terminal = false, err_is_terminal = false;
  std::stop_token stop = {};
  std::function<std::int64_t()> now = now_ns;
  // Between attempts; false once stop is asked for.
  std::function<bool(const std::stop_token&, std::chrono::milliseconds)> pause = sleep_for;
  std::size_t width = 100;  // columns of the terminal
  // True while an interrupt must wait for run() to return: a pager owns the terminal, or lines that
  // were read are still to be sent.
  std::atomic<bool> busy = false;
};

// What `logs send` is asked to do. The collector does it, which this folder may not know: whoever
// builds the program passes it in.
struct SendRequest {
  std::string url, ca_file, tool, job;
  std::vector<std::pair<std::string, std::string>> labels;
  http::Pairs headers;
  std::function<void()> waiting;  // to be called while the server does not answer
};
// Sends standard input until its end and returns the number of lines the server has.
using Send = std::function<Result<std::uint64_t>(const SendRequest&, std::stop_token)>;

// Waits until the server has the runs of this job that still lie in this machine's spool, or a few
// seconds have passed, so that `logs why` right after a job ended knows of it.
using WaitForLocalRuns =
    std::function<void(const std::string& tool, const std::string& job, std::stop_token)>;

// What other folders do for `logs`. Each may be empty: then the command says so, or does without.
struct Parts {
  Send send = {};
  WaitForLocalRuns wait_for_local_runs = {};
};

[[nodiscard]] int run(const std::vector<std::string>& arguments, Streams& streams,
                      const Parts& parts);

[[nodiscard]] int exit_code(Errc code);

}  // namespace logboom::ui::cli
