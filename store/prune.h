// Which values a scan need not read, by the index.
//
// Threads: one at a time; made for one scan.
#pragma once

#include <map>
#include <vector>

#include "store/ground.h"
#include "store/snapshot.h"
#include "store/store.h"

namespace logboom::store {

class Pruner {
 public:
  Pruner(const Snapshot::State& state, const Scan& scan);
  // False: certainly no wanted line lies in the piece.
  [[nodiscard]] bool maybe(const Piece& piece);
  [[nodiscard]] std::uint64_t reads() const { return reads_; }

 private:
  [[nodiscard]] bool in_filter(const Piece& piece);
  [[nodiscard]] BlockBits in_group(const GroupPtr& group);

  const Snapshot::State& state_;
  std::vector<std::vector<Needs>> clauses_;  // one of each must be met
  std::map<const Group*, BlockBits> groups_;
  std::uint64_t reads_ = 0;
};

}  // namespace logboom::store
