// Threads for what blocks or burns: RocksDB, zstd, RE2, scans, request handlers.
//
// Limits:  at most `queue_limit` tasks wait; post() refuses more, and the caller answers 503.
// Threads: post() from any. The destructor runs what is queued, then joins.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace logboom {

class WorkerPool {
 public:
  using Task = std::move_only_function<void()>;

  explicit WorkerPool(unsigned threads, std::size_t queue_limit = 10'000);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full or the pool is stopping; the task has not been taken then.
  [[nodiscard]] bool post(Task task);
  // Takes no more tasks, finishes the queued ones, joins. Idempotent.
  void stop();

 private:
  void work();

  std::size_t queue_limit_;
  std::mutex mutex_;  // guards queue_ and stopping_
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace logboom
