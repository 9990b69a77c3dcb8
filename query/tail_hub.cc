#include "query/tail_hub.h"

#include <utility>

#include "core/stop.h"

namespace logboom::query {

TailHub::TailHub(WorkerPool& workers)
    : workers_(workers), thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

void TailHub::wake(std::weak_ptr<Sleeper> sleeper) {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(sleeper));
  changed_.notify_one();
}

void TailHub::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::vector<std::weak_ptr<Sleeper>> now;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] { return !queue_.empty(); });
      now.swap(queue_);
    }
    for (auto& weak : now) {
      auto sleeper = weak.lock();
      if (!sleeper) continue;
      if (workers_.post([sleeper = std::move(sleeper)] { sleeper->woken(); })) continue;
      wake(std::move(weak));
    }
    sleep_for(stop, kRound);
  }
}

}  // namespace logboom::query
