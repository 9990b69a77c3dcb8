// What the store knows in memory about its values: per tool, the blocks and the inbox.
//
// A tool's state is an immutable ToolView behind a shared_ptr: taking one is cheap, and a change
// makes a new one. Small on purpose: what grows with lines stays on the disk.
//
// Threads: all functions from any; Pieces and ToolViews are immutable but for a piece's mark.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/block.h"
#include "store/database.h"
#include "store/store.h"

namespace logboom::store {

// Label sets in the order of a value's head; shared by all values that have the same.
using StreamSet = std::vector<std::shared_ptr<const Labels>>;

// One value with lines: a block, or a batch in the inbox.
struct Piece {
  FamilyPtr family;             // of the block's day; none: it lies in the inbox
  std::uint64_t block = 0;      // id; inbox: 0
  std::int32_t day = 0;         // of the commit
  std::int64_t arrived_ns = 0;  // when this process stored it, or its commit: the age that seals it
  std::uint32_t partition = 0;
  Cursor::Next first, last;
  std::int64_t min_time = 0, max_time = 0;
  std::uint64_t lines = 0, raw_bytes = 0, stored_bytes = 0;
  std::uint32_t index_bytes = 0, buckets = 0;  // of stored_bytes; of its filter
  std::uint8_t zstd_level = 0;
  std::array<std::uint32_t, kLevels> levels{};  // block: lines of each level
  std::shared_ptr<const StreamSet> streams;
  mutable std::atomic<bool> quarantined = false;

  [[nodiscard]] bool in_inbox() const { return family == nullptr; }
};
using PiecePtr = std::shared_ptr<const Piece>;

struct ToolView {
  static constexpr std::size_t kChunk = 64;
  using Chunk = std::vector<PiecePtr>;

  // By partition and place, with disjoint ranges.
  std::shared_ptr<const std::vector<PiecePtr>> blocks =
      std::make_shared<const std::vector<PiecePtr>>();
  // In order of commit; in chunks, since every commit copies the list.
  std::vector<std::shared_ptr<const Chunk>> inbox;

  template <class Visit>
  void each_inbox(const Visit& visit) const {
    for (const auto& chunk : inbox)
      for (const auto& piece : *chunk) visit(piece);
  }
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& piece : *blocks) visit(piece);
    each_inbox(visit);
  }
};
using ToolViewPtr = std::shared_ptr<const ToolView>;

class Directory {
 public:
  // Label sets are shared by all pieces that have them.
  [[nodiscard]] std::shared_ptr<Piece> piece_of(const Head& head, std::size_t stored_bytes);
  // The same of a block whose streams are known.
  [[nodiscard]] std::shared_ptr<Piece> piece_of(const DirectoryEntry& entry, StreamSet streams);
  [[nodiscard]] std::shared_ptr<const Labels> shared(const Labels& labels);

  [[nodiscard]] ToolViewPtr view(std::string_view tool) const;
  [[nodiscard]] std::vector<std::string> tools() const;

  void add(const std::string& tool, const std::vector<PiecePtr>& pieces);
  // Takes pieces out and puts one in (or none), at once.
  void replace(const std::string& tool, const std::vector<PiecePtr>& out, PiecePtr in);

  struct Inbox {
    std::string tool;
    std::uint64_t batches = 0, raw_bytes = 0;
    std::int64_t oldest_ns = 0;
  };
  // Tools with something in their inbox.
  [[nodiscard]] std::vector<Inbox> inboxes() const;
  [[nodiscard]] Inbox inbox(const std::string& tool) const;

  [[nodiscard]] Stats stats() const;

 private:
  struct Tool {
    ToolViewPtr view = std::make_shared<const ToolView>();
    std::uint64_t batches = 0, raw_bytes = 0;
    std::int64_t oldest_ns = 0;
  };
  [[nodiscard]] std::shared_ptr<const StreamSet> shared(StreamSet streams);
  void count(const Piece& piece, bool in);
  static Inbox inbox_of(const std::string& name, const Tool& tool);

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Tool, std::less<>> tools_;
  Stats stats_;

  mutable std::mutex labels_mutex_;  // guards what follows
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const Labels>> labels_;
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const StreamSet>> sets_;
  // At so many the dead ones are thrown away.
  std::size_t sweep_labels_at_ = 1024, sweep_sets_at_ = 1024;
};

}  // namespace logboom::store
