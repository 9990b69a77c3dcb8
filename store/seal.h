// Turns a tool's inbox into blocks, and drops days past retention.
//
// A block holds lines of one tool, one partition and one day of commit, so that place ranges of
// blocks never overlap. It is cut at so many bytes, lines or features, whichever comes first: so
// filters of blocks stay of a size. Small blocks at the end of a day are taken up again into the
// next one, as long as they are not much larger than what is new: a tool that writes little has few
// blocks a day, and each line is rewritten a logarithmic number of times. Blocks that will stay are
// gathered into groups of the index (index.h).
//
// Threads: all public functions from any; sealing and dropping happen one at a time.
#pragma once

#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/ground.h"
#include "store/slice.h"

namespace logboom::store {

class Sealer {
 public:
  explicit Sealer(Ground& ground) : ground_(ground) {}
  // The next block's id is greater than any stored one. Before anything else.
  void start_at(std::uint64_t next_block) { next_block_ = next_block; }
  // A block that is there; `single`: in no group of the index.
  void know_block(const std::string& tool, const PiecePtr& block, bool single);
  void know_stream(std::uint64_t key, std::shared_ptr<const Labels> labels) {
    streams_.emplace(key, std::move(labels));
  }

  [[nodiscard]] Result<void> seal_all();
  // Tools whose inbox is large or old enough, the oldest first.
  [[nodiscard]] Result<void> seal_due(const std::stop_token& stop);
  // Seals the tool in the caller's thread if its inbox is far over what it should be: who writes
  // faster than the store can seal is slowed down by sealing.
  void help(const std::string& tool);
  [[nodiscard]] bool due(const Directory::Inbox& inbox) const;
  // Gathers blocks that will stay into groups of the index.
  [[nodiscard]] Result<void> slice_due();
  // Compresses one block of a day before `day` for good, or joins some small ones; call it again
  // and again, it takes a tenth of a second. False: nothing is left to do.
  [[nodiscard]] Result<bool> recompress_one(std::int32_t before_day);
  [[nodiscard]] Slicer& slicer() { return slicer_; }

  // Days whose end is longer ago than retention: their blocks, and what of them is in the inbox.
  [[nodiscard]] std::size_t expired_days() const;
  [[nodiscard]] Result<std::size_t> drop_expired_days();

 private:
  struct Draft;
  [[nodiscard]] Result<void> seal_tool(const std::string& tool);
  [[nodiscard]] Result<void> seal_pieces(const std::string& tool, std::vector<PiecePtr> pieces,
                                         int zstd_level);
  [[nodiscard]] Result<void> write(const std::string& tool, Draft draft, int zstd_level);
  // The same lines under the same id: the index holds on.
  [[nodiscard]] Result<void> rewrite(const std::string& tool, const PiecePtr& block);
  // The keys of the label sets in the family of streams; new ones are put.
  [[nodiscard]] std::vector<std::uint64_t> streams_of(Change& change,
                                                      const std::vector<Labels>& streams,
                                                      std::vector<std::uint64_t>& fresh);
  void remove_block(Change& change, const Piece& block) const;
  [[nodiscard]] Result<void> drop_from_inbox(const std::string& tool,
                                             const std::vector<PiecePtr>& pieces);
  [[nodiscard]] Result<void> drop_day(std::int32_t day, const std::string& family);

  Ground& ground_;
  Slicer slicer_{ground_};
  std::mutex mutex_;  // guards what follows, and the right to seal and drop
  std::uint64_t next_block_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<const Labels>> streams_;  // by their key
  std::set<std::pair<std::int32_t, std::string>> warm_;  // days of tools to be recompressed
};

}  // namespace logboom::store
