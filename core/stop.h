// Orderly shutdown: the signals that end a program, and a stop token everyone can wait on.
//
// The order is always the same: stop accepting, drain, stop consumers, flush, exit.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

namespace logboom {

// Blocks SIGINT, SIGTERM and SIGHUP in this thread and all it starts, and ignores SIGPIPE. Call it
// first in main.
void block_stop_signals();
// Waits for SIGINT or SIGTERM; SIGHUP calls `reload` and goes on waiting. A second SIGINT or
// SIGTERM while the program stops ends it at once.
void wait_for_stop_signal(const std::function<void()>& reload = {});

// Sleeps until the time has passed (true) or a stop is asked for (false).
bool sleep_for(std::stop_token stop, std::chrono::milliseconds time);

// Waits between tries: 100 ms, doubled up to 10 s, each with up to a quarter more at random.
class Backoff {
 public:
  [[nodiscard]] std::chrono::milliseconds next();
  void reset() { tries_ = 0; }

 private:
  int tries_ = 0;
};

}  // namespace logboom
