#include "store/snapshot.h"

#include <algorithm>
#include <set>

#include "store/filter.h"
#include "store/keys.h"

namespace logboom::store {
namespace {

using Row = Lines::Row;

LineView line_of(const Lines& lines, const Row& row,
                 const std::vector<std::vector<Attribute>>& metadata) {
  return {.time_ns = row.time_ns,
          .place = {lines.partition, row.offset},
          .index = row.index,
          .position = row.position,
          .level = row.level,
          .stream = &lines.streams[row.stream],
          .body = row.body,
          .metadata = metadata[row.set]};
}

std::vector<std::vector<Attribute>> metadata_of(const Lines& lines) {
  std::vector<std::vector<Attribute>> metadata;
  metadata.reserve(lines.sets.size());
  for (const auto set : lines.sets) metadata.push_back(attributes_of(set));
  return metadata;
}

bool overlaps(const Piece& piece, std::int64_t start, std::int64_t end) {
  return piece.max_time >= start && piece.min_time < end;
}

// The place after a line.
Cursor::Next after(const Cursor::Next& place) { return {place.offset, place.index + 1}; }

// One scan at work.
class Scanner {
 public:
  Scanner(const Snapshot::State& state, const Scan& scan) : state_(state), scan_(scan) {
    state.tool->each([&](const PiecePtr& piece) {
      if (overlaps(*piece, scan.start, scan.end)) pieces_.push_back(piece.get());
    });
    std::sort(pieces_.begin(), pieces_.end(), [&](const Piece* a, const Piece* b) {
      return scan.newest_first ? a->max_time > b->max_time : a->min_time < b->min_time;
    });
  }

  Result<ScanStats> run(const Snapshot::More& more, const Snapshot::Visit& visit) {
    for (const auto* const piece : pieces_) {
      if (scan_.stop.stop_requested()) return fail(Errc::cancelled, "scan: stopped");
      const auto bound = scan_.newest_first ? std::min(piece->max_time, scan_.end - 1)
                                            : std::max(piece->min_time, scan_.start);
      if (!more(bound)) break;
      auto visited = visit_piece(*piece, visit);
      if (!visited) return fail(std::move(visited).error());
    }
    return stats_;
  }

 private:
  Result<void> visit_piece(const Piece& piece, const Snapshot::Visit& visit) {
    const auto wanted = wanted_of(piece);
    if (!wanted || !tokens_maybe(piece)) {
      ++stats_.pieces_skipped;
      return {};
    }
    auto lines = state_.ground->lines(piece, state_.view.get(), *wanted);
    if (!lines) {
      if (lines.error().code != Errc::corrupt) return fail(std::move(lines).error());
      ++stats_.quarantined;
      return {};
    }
    ++stats_.pieces;
    const auto metadata = metadata_of(*lines);
    for (const auto& row : lines->rows) {
      if (row.time_ns < scan_.start || row.time_ns >= scan_.end) continue;
      if (!wanted->streams.empty() && !wanted->streams[row.stream]) continue;
      ++stats_.lines;
      stats_.bytes += row.body.size();
      visit(line_of(*lines, row, metadata));
    }
    return {};
  }

  // Nothing when no stream of the piece is wanted.
  [[nodiscard]] std::optional<Wanted> wanted_of(const Piece& piece) {
    Wanted wanted{.start = scan_.start, .end = scan_.end, .streams = {}};
    if (!scan_.stream) return wanted;
    bool any = false;
    for (const auto& labels : piece.streams) {
      const auto [known, fresh] = asked_.try_emplace(labels.get());
      if (fresh) known->second = scan_.stream(*labels);
      wanted.streams.push_back(known->second);
      any = any || known->second;
    }
    return any ? std::optional(std::move(wanted)) : std::nullopt;
  }

  // Blocks have a filter; when it is missing or wrong, the lines themselves are asked.
  [[nodiscard]] bool tokens_maybe(const Piece& piece) const {
    if (scan_.tokens.empty() || piece.in_inbox()) return true;
    const auto value = state_.ground->db->get(
        *piece.family, block_key(piece.block, BlockPart::filter), state_.view.get());
    const auto filter = value && *value ? Filter::open(**value) : std::nullopt;
    if (!filter) return true;
    return std::all_of(scan_.tokens.begin(), scan_.tokens.end(),
                       [&](const std::string& token) { return filter->maybe(token); });
  }

  const Snapshot::State& state_;
  const Scan& scan_;
  std::vector<const Piece*> pieces_;
  std::map<const Labels*, bool> asked_;
  ScanStats stats_;
};

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

Result<ScanStats> Snapshot::scan(const Scan& scan, const More& more, const Visit& visit) const {
  if (scan.start >= scan.end) return ScanStats{};
  return Scanner(*state_, scan).run(more, visit);
}

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
    for (const auto& labels : piece->streams) distinct.insert(labels.get());
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
