// Gathers the filters of blocks that will stay into groups of the index, and small groups into
// large ones.
//
// A group is made in one change that puts it and removes the filters it replaces; a snapshot sees
// either. Columns of blocks that have gone since are left out when groups are joined.
//
// Threads: one at a time (the sealer's mutex).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/ground.h"

namespace logboom::store {

// Will the block not be taken up into a larger one?
[[nodiscard]] bool is_full(const Piece& block);

class Slicer {
 public:
  explicit Slicer(Ground& ground) : ground_(ground) {}
  // The next group's id is greater than any stored one.
  void start_at(std::uint64_t next_group) { next_group_ = next_group; }
  // A block that is in no group.
  void add(const std::string& tool, PiecePtr block);
  void forget_day(std::int32_t day);

  [[nodiscard]] Result<void> slice_due();

 private:
  struct Single {
    std::string tool;
    PiecePtr block;
  };
  using Key = std::pair<std::int32_t, std::uint32_t>;  // day, buckets
  // The blocks of the key that are still there.
  [[nodiscard]] std::vector<Single> living(std::vector<Single> singles) const;
  [[nodiscard]] Result<void> slice(const Key& key, std::vector<Single>& singles);
  [[nodiscard]] Result<void> join(const Key& key, const std::vector<GroupPtr>& groups);
  struct Draft;
  [[nodiscard]] Result<void> write(const Key& key, Draft draft);

  Ground& ground_;
  std::uint64_t next_group_ = 1;
  std::map<Key, std::vector<Single>> singles_;
};

}  // namespace logboom::store
