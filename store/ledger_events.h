// How run events get into the ledger: diverted from a batch's records at its commit.
//
// Threads: EventWriter and remove_run() by whoever holds the change; EventSubscribers from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/run_event.h"
#include "store/database.h"

namespace logboom::store {

struct Ground;

// What its keys cannot hold is invalid: a job with a zero byte, a run without a job.
[[nodiscard]] Result<RunEvent> check_event(RunEvent event);

// Puts what the ledger keeps of events into one change.
class EventWriter {
 public:
  EventWriter(const Ground& ground, Change& change) : ground_(ground), change_(change) {}
  // `ahead_ns`: by how much its time was taken back, of a clock far ahead.
  void add(const std::string& tool, const RunEvent& event, std::int64_t ahead_ns = 0);

 private:
  bool own(const std::string& tool, const std::string& run);

  const Ground& ground_;
  Change& change_;
  std::map<std::string, std::string> owners_;  // of runs this change names first
};

// Takes all there is of a run, but for its entries under its job.
void remove_run(const Ground& ground, std::string_view tool, std::string_view run, Change& change);

class EventSubscribers {
 public:
  using Committed = std::function<void(const std::string& tool, const RunEvent& event)>;
  [[nodiscard]] std::shared_ptr<void> add(Committed committed);
  void tell(const std::string& tool, const RunEvent& event) const;

 private:
  struct Subscriber {
    std::recursive_mutex calling;
    Committed committed;
  };
  struct All {
    std::mutex mutex;  // guards subscribers
    std::vector<std::shared_ptr<Subscriber>> subscribers;
  };
  std::shared_ptr<All> all_ = std::make_shared<All>();
};

}  // namespace logboom::store
