// Counts of lines by level over time, from what blocks say of themselves: those that lie in one
// bucket by their totals, others by their minutes. Only what is not sealed is looked at.
#include <algorithm>
#include <limits>
#include <numeric>

#include "store/keys.h"
#include "store/minutes.h"
#include "store/snapshot.h"

namespace logboom::store {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
using Limits = std::numeric_limits<std::int64_t>;

// At the ends of time, where the next whole minute has no number, the last that has one.
std::int64_t minute_down(std::int64_t time_ns) {
  if (time_ns < Limits::min() + kMinute) return Limits::min() / kMinute * kMinute;
  const auto past = time_ns % kMinute;
  return time_ns - (past < 0 ? past + kMinute : past);
}

std::int64_t minute_up(std::int64_t time_ns) {
  if (time_ns > Limits::max() - kMinute) return Limits::max() / kMinute * kMinute;
  return minute_down(time_ns + kMinute - 1);
}

using Counted = Result<void>;
using Add = std::function<void(std::int64_t time_ns, const LevelCounts& counts)>;

// Which of the piece's streams are wanted; empty: all.
std::vector<bool> wanted_of(const Piece& piece, const CountsQuery& query) {
  std::vector<bool> wanted;
  if (!query.stream) return wanted;
  bool all = true;
  for (const auto& labels : *piece.streams) {
    wanted.push_back(query.stream(*labels));
    all = all && wanted.back();
  }
  return all ? std::vector<bool>() : wanted;
}

// From the lines themselves: what is not sealed, or whose counts are lost.
Counted count_lines(const Snapshot::State& state, const Piece& piece, const Counts& range,
                    const std::vector<bool>& wanted, const Add& add) {
  auto value = state.ground->value(piece, state.view.get());
  auto reader = value ? LineReader::open(*std::move(value)) : fail(std::move(value).error());
  if (!reader) {
    if (reader.error().code != Errc::corrupt) return fail(std::move(reader).error());
    state.ground->quarantine(&piece, reader.error().message);
    return {};
  }
  for (const auto& row : reader->lines().rows) {
    if (row.time_ns < range.start || row.time_ns >= range.end) continue;
    if (!wanted.empty() && !wanted[row.stream]) continue;
    LevelCounts one{};
    ++one[static_cast<std::size_t>(row.level)];
    add(row.time_ns, one);
  }
  return {};
}

Counted count(const Snapshot::State& state, const Piece& piece, const CountsQuery& query,
              const Counts& range, std::uint64_t step, const Add& add) {
  const auto wanted = wanted_of(piece, query);
  if (!wanted.empty() && std::ranges::find(wanted, true) == wanted.end()) return {};
  LevelCounts levels;
  std::ranges::copy(piece.levels, levels.begin());
  const bool known = std::reduce(levels.begin(), levels.end()) == piece.lines;
  if (piece.in_inbox() || !known) return count_lines(state, piece, range, wanted, add);
  const auto bucket = [&](std::int64_t time_ns) {
    return (static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(range.start)) / step;
  };
  // A block that lies in one bucket has been counted when it was sealed.
  const bool inside = piece.min_time >= range.start && piece.max_time < range.end;
  if (inside && wanted.empty() && bucket(piece.min_time) == bucket(piece.max_time)) {
    add(piece.min_time, levels);
    return {};
  }
  auto value = state.ground->db->get(*piece.family, block_key(piece.block, BlockPart::minutes),
                                     state.view.get());
  if (!value) return fail(std::move(value).error());
  std::vector<std::pair<std::int64_t, LevelCounts>> minutes;  // none is added when one is wrong
  auto read = each_minute(std::move(*value).value_or(""),
                          [&](std::size_t stream, std::int64_t minute, const LevelCounts& more) {
                            const auto time_ns = minute * kMinute;
                            if (time_ns < range.start || time_ns >= range.end) return;
                            if (stream < wanted.size() && !wanted[stream]) return;
                            minutes.emplace_back(time_ns, more);
                          });
  if (!read) return count_lines(state, piece, range, wanted, add);
  for (const auto& [time_ns, more] : minutes) add(time_ns, more);
  return {};
}

}  // namespace

Result<Counts> Snapshot::counts(const CountsQuery& query) const {
  if (query.step_ns < 0 || query.step_ns % kMinute != 0) {
    return fail(Errc::invalid, "counts: the step must be a whole number of minutes, such as 5m");
  }
  Counts counts{.start = minute_down(query.start), .end = minute_up(query.end), .buckets = {}};
  const auto since = [&](std::int64_t time_ns) {  // the whole of time is longer than an int64_t
    return static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(counts.start);
  };
  if (counts.start >= counts.end) return counts;
  const auto step =
      query.step_ns == 0 ? since(counts.end) : static_cast<std::uint64_t>(query.step_ns);
  const auto buckets = (since(counts.end) - 1) / step + 1;
  if (buckets > kMaxBuckets) {
    return fail(Errc::invalid, "counts: " + std::to_string(buckets) + " buckets, at most " +
                                   std::to_string(kMaxBuckets) +
                                   "; ask for a longer step or a shorter range");
  }
  counts.buckets.resize(buckets);
  const auto add = [&](std::int64_t time_ns, const LevelCounts& more) {
    auto& bucket = counts.buckets[since(time_ns) / step];
    for (std::size_t level = 0; level < kLevels; ++level) bucket[level] += more[level];
  };
  Counted outcome;
  state_->tool->each([&](const PiecePtr& piece) {
    if (!outcome || piece->max_time < counts.start || piece->min_time >= counts.end) return;
    if (query.stop.stop_requested())
      outcome = fail(Errc::cancelled, "counts: stopped");
    else
      outcome = count(*state_, *piece, query, counts, step, add);
  });
  if (!outcome) return fail(std::move(outcome).error());
  return counts;
}

}  // namespace logboom::store
