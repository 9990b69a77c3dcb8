// Turns a tool's inbox into blocks, and drops days past retention.
//
// A block holds lines of one tool, one partition and one day of commit, so that place ranges of
// blocks never overlap. Small blocks at the end of a day are taken up again into the next one, as
// long as they are not much larger than what is new: a tool that writes little has few blocks a
// day, and each line is rewritten a logarithmic number of times.
//
// Threads: all public functions from any; sealing and dropping happen one at a time.
#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "store/ground.h"

namespace logboom::store {

class Sealer {
 public:
  explicit Sealer(Ground& ground) : ground_(ground) {}
  // The next block's id is greater than any stored one.
  void start_at(std::uint64_t next_block) { next_block_ = next_block; }

  [[nodiscard]] Result<void> seal_all();
  // Tools whose inbox is large or old enough, the oldest first.
  [[nodiscard]] Result<void> seal_due(const std::stop_token& stop);
  // Seals the tool in the caller's thread if its inbox is far over what it should be: who writes
  // faster than the store can seal is slowed down by sealing.
  void help(const std::string& tool);
  [[nodiscard]] bool due(const Directory::Inbox& inbox) const;

  // Days whose end is longer ago than retention: their blocks, and what of them is in the inbox.
  [[nodiscard]] std::size_t expired_days() const;
  [[nodiscard]] Result<std::size_t> drop_expired_days();

 private:
  [[nodiscard]] Result<void> seal_tool(const std::string& tool);
  [[nodiscard]] Result<void> seal_group(const std::string& tool, std::vector<PiecePtr> group);
  [[nodiscard]] Result<void> drop_from_inbox(const std::string& tool,
                                             const std::vector<PiecePtr>& pieces);
  [[nodiscard]] Result<void> drop_day(std::int32_t day, const std::string& family);

  Ground& ground_;
  std::mutex mutex_;  // guards next_block_ and the right to seal and drop
  std::uint64_t next_block_ = 1;
};

}  // namespace logboom::store
