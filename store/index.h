// The index of a day: the filters of many blocks sliced by bit, so that a question reads the same
// few values however many blocks there are.
//
// A group holds up to kGroupBlocks blocks of one day whose filters have the same number of buckets.
// Bucket b of all of them is one value: 256 rows (the bits of the bucket) of one bit per block. A
// feature reads the one value of its bucket and ands eight rows (BitFunnel, COBS: bit-sliced
// signatures). The words of the blocks are listed together. Blocks that are in no group yet, the
// newest and the small ones, have a filter of their own beside them.
//
// Errors:  a value that is wrong is told and means "maybe".
// Owns:    Group and DayIndex are immutable behind shared pointers.
// Threads: all functions from any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "store/database.h"
#include "store/features.h"
#include "store/filter.h"

namespace logboom::store {

inline constexpr std::size_t kGroupBlocks = 512;  // groups grow together up to this
inline constexpr std::size_t kMaxExpanded = 256;  // words that a text may stand in

struct Group {
  FamilyPtr family;
  std::int32_t day = 0;
  std::uint64_t id = 0;
  std::size_t buckets = 0;
  std::vector<std::uint64_t> blocks;      // ids, rising: the columns
  std::uint64_t bytes = 0, replaced = 0;  // stored; of the filters it replaced

  // The column of a block; SIZE_MAX: it has none here.
  [[nodiscard]] std::size_t column(std::uint64_t block) const;
};
using GroupPtr = std::shared_ptr<const Group>;
using DayIndex = std::vector<GroupPtr>;
using Indexes = std::map<std::int32_t, std::shared_ptr<const DayIndex>>;
using IndexesPtr = std::shared_ptr<const Indexes>;

// One bit per column; true: the block may have it.
using BlockBits = std::vector<std::uint64_t>;

// The group's entry in the directory, and back.
[[nodiscard]] std::string encode_group(const Group& group);
[[nodiscard]] Result<Group> decode_group(std::string_view value);
// Puts the values of a group of these filters, in the order of its blocks; sets its bytes.
void put_group(Change& change, Group& group, const std::vector<Filter>& filters);
void remove_group(Change& change, const FamilyPtr& entries, const Group& group);

// Reads a group's values for one query.
class GroupReader {
 public:
  GroupReader(const Database& db, const View* view, GroupPtr group)
      : db_(db), view_(view), group_(std::move(group)) {}

  // Which blocks may have lines that meet the needs.
  [[nodiscard]] BlockBits maybe(const Needs& needs);
  [[nodiscard]] BlockBits maybe(std::uint64_t hash);
  [[nodiscard]] BlockBits all() const;
  // The filter of a column, put together again. Nothing when a value is wrong.
  [[nodiscard]] Result<std::vector<std::string>> filters();
  [[nodiscard]] Result<std::string> words();
  // Values that were read, and how many of them were wrong.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t wrong() const { return wrong_; }

 private:
  [[nodiscard]] Result<std::string> bucket(std::size_t number);
  const Database& db_;
  const View* view_;
  GroupPtr group_;
  std::map<std::size_t, std::string> buckets_;  // read for this query
  std::optional<std::string> words_;
  std::uint64_t reads_ = 0, wrong_ = 0;
};

}  // namespace logboom::store
