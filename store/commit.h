// The write path: decides what is new in each batch, and commits groups of callers with one sync.
//
// Callers compress in their own threads and then queue; the first in the queue leads: it takes
// those behind it along, decides in their order (each sees the effects of those before it), writes
// one synced change, publishes, and wakes them. Only the leader touches positions and counters.
//
// Threads: all public functions from any.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "store/ground.h"
#include "store/store.h"

namespace logboom::store {

class Committer {
 public:
  explicit Committer(Ground& ground) : ground_(ground) {}
  // Reads offsets and counters; before anything else.
  [[nodiscard]] Result<void> load();

  [[nodiscard]] Result<std::vector<Appended>> append(std::vector<Batch> batches);
  [[nodiscard]] Result<void> append_logged(std::uint32_t partition, std::vector<Logged> messages);
  [[nodiscard]] std::optional<std::uint64_t> next_offset(std::uint32_t partition) const;
  [[nodiscard]] std::optional<std::uint64_t> next_position(std::string_view source) const;

  // Forgets sources that were last used before the time. Returns how many.
  [[nodiscard]] Result<std::size_t> forget_sources(std::int64_t before_ns);

  struct Pending;

 private:
  class Group;

  [[nodiscard]] Result<void> commit(Pending& pending);
  std::vector<Pending*> take_group();
  // What to tell subscribers.
  struct News {
    std::vector<std::string> tools;  // that got lines
    std::vector<std::pair<std::string, RunEvent>> events;
  };
  News run(const std::vector<Pending*>& group);

  Ground& ground_;

  std::mutex queue_mutex_;  // guards queue_
  std::condition_variable done_;
  std::deque<Pending*> queue_;

  std::mutex leading_;  // held by who reads and writes positions and local_next_
  std::uint64_t local_next_ = 0;

  mutable std::mutex offsets_mutex_;  // guards offsets_
  std::map<std::uint32_t, std::uint64_t> offsets_;
};

}  // namespace logboom::store
