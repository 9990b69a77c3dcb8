// Wakes tail sessions when their tool has new lines.
//
// A commit only marks the session and queues it here (the committing thread must be quick); a
// thread of the hub gathers the marks of kRound and posts one task per session to the worker pool.
// So a busy tool costs each session at most one read per round, and a full pool delays a tail
// instead of losing a wake.
//
// Limits:  a session is queued at most once; the queue is never longer than there are sessions.
// Threads: wake() from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/worker_pool.h"

namespace logboom::query {

class TailHub {
 public:
  static constexpr std::chrono::milliseconds kRound{3};

  class Sleeper {
   public:
    virtual ~Sleeper() = default;
    virtual void woken() = 0;  // on the worker pool
  };

  explicit TailHub(WorkerPool& workers);
  ~TailHub() = default;
  TailHub(const TailHub&) = delete;
  TailHub& operator=(const TailHub&) = delete;

  // Calls woken() soon, unless the sleeper is gone by then. The caller does not call again before
  // that.
  void wake(std::weak_ptr<Sleeper> sleeper);

 private:
  void run(std::stop_token stop);

  WorkerPool& workers_;
  std::mutex mutex_;  // guards queue_
  std::condition_variable_any changed_;
  std::vector<std::weak_ptr<Sleeper>> queue_;
  std::jthread thread_;
};

}  // namespace logboom::query
