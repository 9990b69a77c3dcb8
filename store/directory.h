// What the store knows in memory about its values: per tool, the blocks and the inbox.
//
// A tool's state is an immutable ToolView behind a shared_ptr: taking one is cheap, and a change
// makes a new one. Small on purpose: what grows with lines stays on the disk.
//
// Threads: all functions from any; Pieces and ToolViews are immutable but for a piece's mark.
#pragma once

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
  std::vector<std::shared_ptr<const Labels>> streams;
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
  [[nodiscard]] std::shared_ptr<const Labels> shared(const Labels& labels);
  void count(const Piece& piece, bool in);
  static Inbox inbox_of(const std::string& name, const Tool& tool);

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Tool, std::less<>> tools_;
  Stats stats_;

  mutable std::mutex labels_mutex_;  // guards what follows
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const Labels>> labels_;
  std::size_t sweep_at_ = 1024;  // label sets at which dead ones are thrown away
};

}  // namespace logboom::store
