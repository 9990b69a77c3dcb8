// What the parts of the store stand on: options, database, directory, subscribers.
//
// Owns:    all of it; snapshots share it, so that a query outlives the Store by a moment unharmed.
// Threads: all functions from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/metrics.h"
#include "store/database.h"
#include "store/directory.h"
#include "store/index.h"
#include "store/ledger.h"
#include "store/ledger_events.h"
#include "store/store.h"

namespace logboom::store {

// The store's counters, made once.
struct Meters {
  metrics::Counter& lines;
  metrics::Counter& bytes;
  metrics::Counter& seen;
  metrics::Counter& conflicts;
  metrics::Counter& rejected;
  metrics::Counter& rejected_events;
  metrics::Counter& forgotten_holes;
  metrics::Counter& blocks;
  metrics::Counter& sealed_bytes;
  metrics::Counter& quarantined;
  metrics::Counter& dropped_days;
  metrics::Counter& background_errors;
  metrics::Histogram& commit_seconds;
  metrics::Gauge& inbox_bytes;
  metrics::Gauge& block_bytes;
  metrics::Gauge& index_bytes;
  metrics::Counter& groups;
  metrics::Counter& recompressed;
};
Meters& meters();

class Subscribers {
 public:
  [[nodiscard]] std::shared_ptr<void> add(std::string_view tool, std::function<void()> committed);
  void tell(const std::string& tool) const;

 private:
  struct Subscriber {
    std::recursive_mutex calling;  // recursive: a subscriber may end itself while it is called
    std::function<void()> committed;
  };
  struct All {
    std::mutex mutex;  // guards by_tool
    std::multimap<std::string, std::shared_ptr<Subscriber>, std::less<>> by_tool;
  };
  std::shared_ptr<All> all_ = std::make_shared<All>();
};

struct Ground {
  Options options;
  std::unique_ptr<Database> db;
  FamilyPtr meta, positions, inbox, entries;  // families: default, positions, inbox, directory
  FamilyPtr ledger, streams;
  Directory directory;
  // Changed only by what Database::replace() publishes, so read it where a view is taken.
  IndexesPtr indexes = std::make_shared<const Indexes>();
  Subscribers subscribers;
  EventSubscribers events;

  [[nodiscard]] std::int64_t now() const;
  [[nodiscard]] bool expired(std::int32_t day) const;

  // full, when less than `least` bytes are free on the store's disk (asked at most once a second).
  [[nodiscard]] Result<void> check_space(std::uint64_t least);

  // The value of a piece and its lines. A wrong value is quarantined: counted, told, not read
  // again.
  [[nodiscard]] Result<std::string> value(const Piece& piece, const View* view);
  [[nodiscard]] Result<Lines> lines(const Piece& piece, const View* view,
                                    const Wanted& wanted = {});
  [[nodiscard]] Result<Head> head(const Piece& piece, const View* view);

  // With what the index of groups takes in the place of filters.
  [[nodiscard]] Stats stats() const;

  void quarantine(const Piece* piece, const std::string& reason);
  std::atomic<std::uint64_t> quarantined = 0;

 private:
  std::mutex space_mutex_;  // guards what follows
  std::chrono::steady_clock::time_point space_asked_;
  std::uint64_t free_bytes_ = UINT64_MAX;
};

}  // namespace logboom::store
