#include "store/directory.h"

#include <algorithm>
#include <unordered_set>

#include "core/time.h"

namespace logboom::store {

namespace {

// The one living value that equals `wanted`, or `fresh` made from it.
template <class Value>
std::shared_ptr<const Value> shared_value(
    std::unordered_multimap<std::uint64_t, std::weak_ptr<const Value>>& known,
    std::size_t& sweep_at, std::uint64_t hash, const Value& wanted) {
  const auto [begin, end] = known.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    auto alive = at->second.lock();
    if (alive && *alive == wanted) return alive;
  }
  if (known.size() >= sweep_at) {
    std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
    sweep_at = std::max<std::size_t>(1024, known.size() * 2);
  }
  auto fresh = std::make_shared<const Value>(wanted);
  known.emplace(hash, fresh);
  return fresh;
}

}  // namespace

std::shared_ptr<const Labels> Directory::shared(const Labels& labels) {
  const std::lock_guard lock(labels_mutex_);
  return shared_value(labels_, sweep_labels_at_, labels.hash(), labels);
}

std::shared_ptr<const StreamSet> Directory::shared(StreamSet streams) {
  std::uint64_t hash = 0;
  for (const auto& labels : streams) hash = hash * 31 + std::hash<const void*>()(labels.get());
  const std::lock_guard lock(labels_mutex_);
  return shared_value(sets_, sweep_sets_at_, hash, streams);
}

std::shared_ptr<Piece> Directory::piece_of(const Head& head, std::size_t stored_bytes) {
  StreamSet streams;
  streams.reserve(head.streams.size());
  for (const auto& labels : head.streams) streams.push_back(shared(labels));
  return piece_of(DirectoryEntry{.head = head, .block_bytes = stored_bytes}, std::move(streams));
}

std::shared_ptr<Piece> Directory::piece_of(const DirectoryEntry& entry, StreamSet streams) {
  const auto& head = entry.head;
  auto piece = std::make_shared<Piece>();
  piece->day = day_of(head.commit_ns);
  piece->arrived_ns = head.commit_ns;
  piece->partition = head.partition;
  piece->first = head.first;
  piece->last = head.last;
  piece->min_time = head.min_time;
  piece->max_time = head.max_time;
  piece->lines = head.lines;
  piece->raw_bytes = head.raw_bytes;
  piece->stored_bytes = entry.block_bytes + entry.index_bytes;
  piece->index_bytes = static_cast<std::uint32_t>(entry.index_bytes);
  piece->buckets = static_cast<std::uint32_t>(entry.buckets);
  piece->zstd_level = static_cast<std::uint8_t>(entry.zstd_level);
  std::ranges::transform(entry.levels, piece->levels.begin(),
                         [](std::uint64_t count) { return static_cast<std::uint32_t>(count); });
  piece->streams = shared(std::move(streams));
  return piece;
}

ToolViewPtr Directory::view(std::string_view tool) const {
  static const auto empty = std::make_shared<const ToolView>();
  const std::lock_guard lock(mutex_);
  const auto found = tools_.find(tool);
  return found != tools_.end() ? found->second.view : empty;
}

std::vector<std::string> Directory::tools() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, tool] : tools_) names.push_back(name);
  return names;
}

void Directory::count(const Piece& piece, bool in) {
  const auto add = [in](std::uint64_t& total, std::uint64_t n) { total += in ? n : ~n + 1; };
  add(stats_.lines, piece.lines);
  if (piece.in_inbox()) {
    add(stats_.inbox_batches, 1);
    add(stats_.inbox_bytes, piece.stored_bytes);
  } else {
    add(stats_.blocks, 1);
    add(stats_.block_bytes_raw, piece.raw_bytes);
    add(stats_.block_bytes_stored, piece.stored_bytes);
    add(stats_.index_bytes, piece.index_bytes);
  }
}

namespace {

void add_to_inbox(ToolView& view, PiecePtr piece) {
  ToolView::Chunk chunk;
  if (!view.inbox.empty() && view.inbox.back()->size() < ToolView::kChunk) {
    chunk = *view.inbox.back();
    view.inbox.pop_back();
  }
  chunk.push_back(std::move(piece));
  view.inbox.push_back(std::make_shared<const ToolView::Chunk>(std::move(chunk)));
}

void sort_blocks(std::vector<PiecePtr>& blocks) {
  std::sort(blocks.begin(), blocks.end(), [](const PiecePtr& a, const PiecePtr& b) {
    return std::tie(a->partition, a->first) < std::tie(b->partition, b->first);
  });
}

}  // namespace

void Directory::add(const std::string& tool, const std::vector<PiecePtr>& pieces) {
  const std::lock_guard lock(mutex_);
  auto& entry = tools_[tool];
  auto view = std::make_shared<ToolView>(*entry.view);
  std::vector<PiecePtr> blocks;
  for (const auto& piece : pieces) {
    count(*piece, true);
    if (!piece->in_inbox()) {
      blocks.push_back(piece);
      continue;
    }
    if (entry.batches++ == 0) entry.oldest_ns = piece->arrived_ns;
    entry.raw_bytes += piece->raw_bytes;
    add_to_inbox(*view, piece);
  }
  if (!blocks.empty()) {
    blocks.insert(blocks.end(), view->blocks->begin(), view->blocks->end());
    sort_blocks(blocks);
    view->blocks = std::make_shared<const std::vector<PiecePtr>>(std::move(blocks));
  }
  entry.view = std::move(view);
}

void Directory::replace(const std::string& tool, const std::vector<PiecePtr>& out, PiecePtr in) {
  std::unordered_set<const Piece*> gone;
  for (const auto& piece : out) gone.insert(piece.get());
  const std::lock_guard lock(mutex_);
  auto& entry = tools_[tool];
  for (const auto& piece : out) count(*piece, false);
  auto view = std::make_shared<ToolView>();
  std::vector<PiecePtr> blocks;
  for (const auto& piece : *entry.view->blocks)
    if (!gone.contains(piece.get())) blocks.push_back(piece);
  entry.batches = entry.raw_bytes = 0;
  entry.view->each_inbox([&](const PiecePtr& piece) {
    if (gone.contains(piece.get())) return;
    // What is quarantined cannot be sealed, and must not ask for it.
    if (!piece->quarantined) {
      if (entry.batches++ == 0) entry.oldest_ns = piece->arrived_ns;
      entry.raw_bytes += piece->raw_bytes;
    }
    add_to_inbox(*view, piece);
  });
  if (in) {
    count(*in, true);
    blocks.push_back(std::move(in));
    sort_blocks(blocks);
  }
  view->blocks = std::make_shared<const std::vector<PiecePtr>>(std::move(blocks));
  if (view->blocks->empty() && view->inbox.empty())
    tools_.erase(tool);
  else
    entry.view = std::move(view);
}

Directory::Inbox Directory::inbox_of(const std::string& name, const Tool& tool) {
  return {name, tool.batches, tool.raw_bytes, tool.oldest_ns};
}

std::vector<Directory::Inbox> Directory::inboxes() const {
  const std::lock_guard lock(mutex_);
  std::vector<Inbox> found;
  for (const auto& [name, tool] : tools_)
    if (tool.batches != 0) found.push_back(inbox_of(name, tool));
  return found;
}

Directory::Inbox Directory::inbox(const std::string& tool) const {
  const std::lock_guard lock(mutex_);
  const auto found = tools_.find(tool);
  return found != tools_.end() ? inbox_of(tool, found->second) : Inbox{};
}

Stats Directory::stats() const {
  Stats stats;
  {
    const std::lock_guard lock(mutex_);
    stats = stats_;
    stats.tools = tools_.size();
  }
  const std::lock_guard lock(labels_mutex_);
  for (const auto& [hash, labels] : labels_)
    if (!labels.expired()) ++stats.streams;
  return stats;
}

}  // namespace logboom::store
