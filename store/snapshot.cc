#include "store/snapshot.h"

#include <algorithm>
#include <set>

#include "store/line_view.h"

namespace logboom::store {
namespace {

using Row = Lines::Row;

// The place after a line.
Cursor::Next after(const Cursor::Next& place) { return {place.offset, place.index + 1}; }

// The pieces per partition with lines at or after the cursor, in order of place. What a tail has
// behind it is most of the tool; it is stepped over without a look.
std::map<std::uint32_t, std::vector<const Piece*>> after_cursor(const ToolView& view,
                                                                const Cursor& cursor) {
  const auto next_of = [&](std::uint32_t partition) {
    const auto found = cursor.next.find(partition);
    return found != cursor.next.end() ? found->second : Cursor::Next{};
  };
  std::map<std::uint32_t, std::vector<const Piece*>> partitions;
  const auto end = view.blocks->end();
  for (auto at = view.blocks->begin(); at != end;) {
    const auto partition = (*at)->partition;
    const auto stop = std::partition_point(
        at, end, [&](const PiecePtr& block) { return block->partition <= partition; });
    const auto next = next_of(partition);
    at = std::partition_point(at, stop, [&](const PiecePtr& block) { return block->last < next; });
    for (; at != stop; ++at) partitions[partition].push_back(at->get());
  }
  // Within a partition the inbox follows the blocks.
  view.each_inbox([&](const PiecePtr& piece) {
    if (piece->last >= next_of(piece->partition))
      partitions[piece->partition].push_back(piece.get());
  });
  return partitions;
}

}  // namespace

Result<bool> Snapshot::read_after(Cursor& cursor, std::size_t bytes, const Visit& visit) const {
  std::size_t read = 0;
  bool any = false;
  for (const auto& [partition, pieces] : after_cursor(*state_->tool, cursor)) {
    auto& next = cursor.next[partition];
    for (const auto* const piece : pieces) {
      if (any && read >= bytes) return true;
      auto lines = state_->ground->lines(*piece, state_->view.get());
      if (!lines && lines.error().code != Errc::corrupt) return fail(std::move(lines).error());
      if (!lines) {  // quarantined, and told
        next = after(piece->last);
        continue;
      }
      const auto metadata = metadata_of(*lines);
      auto& rows = lines->rows;
      std::erase_if(rows,
                    [&](const Row& row) { return Cursor::Next{row.offset, row.index} < next; });
      std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return std::tie(a.offset, a.index) < std::tie(b.offset, b.index);
      });
      for (const auto& row : rows) {
        if (any && read >= bytes) return true;
        any = true;
        read += row.body.size() + 1;
        visit(line_of(*lines, row, metadata));
        next = after({row.offset, row.index});
      }
      next = after(piece->last);
    }
  }
  return false;
}

Cursor Snapshot::end() const {
  Cursor cursor;
  state_->tool->each([&](const PiecePtr& piece) {
    auto& next = cursor.next[piece->partition];
    next = std::max(next, after(piece->last));
  });
  return cursor;
}

std::vector<Labels> Snapshot::streams(std::int64_t start, std::int64_t end) const {
  std::set<const Labels*> distinct;
  state_->tool->each([&](const PiecePtr& piece) {
    if (!overlaps(*piece, start, end)) return;
    for (const auto& labels : *piece->streams) distinct.insert(labels.get());
  });
  std::vector<Labels> streams;
  for (const auto* const labels : distinct) streams.push_back(*labels);
  std::sort(streams.begin(), streams.end());
  streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
  return streams;
}

std::vector<std::string> Snapshot::column_values(std::string_view column, std::int64_t start,
                                                 std::int64_t end, std::size_t limit) const {
  const auto known = std::find(kColumns.begin(), kColumns.end(), column);
  if (known == kColumns.end()) return {};
  const auto number = static_cast<std::size_t>(known - kColumns.begin());
  std::set<std::string, std::less<>> values;
  const auto take = [&](std::string_view value) {
    if (values.size() < limit) values.emplace(value);
  };
  state_->tool->each([&](const PiecePtr& piece) {
    if (values.size() >= limit || !overlaps(*piece, start, end)) return;
    const auto head = state_->ground->head(*piece, state_->view.get());
    if (!head) return;
    for (const auto& value : head->columns[number].values) take(value);
    if (!head->columns[number].many) return;
    const auto lines = state_->ground->lines(*piece, state_->view.get());
    if (!lines) return;
    for (const auto set : lines->sets)
      for (const auto& [name, value] : attributes_of(set))
        if (name == column && !value.empty()) take(value);
  });
  return {values.begin(), values.end()};
}

}  // namespace logboom::store
