#include "store/verify.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "core/json.h"
#include "core/time.h"
#include "store/features.h"
#include "store/filter.h"
#include "store/ground.h"
#include "store/keys.h"
#include "store/ledger_format.h"
#include "store/minutes.h"
#include "store/positions.h"

namespace logboom::store {
namespace {

enum Kind : std::uint8_t { inbox, blocks, index, minutes, directory, positions, ledger };
constexpr const char* kNames[] = {"inbox",     "blocks",    "index", "minutes",
                                  "directory", "positions", "ledger"};

using Reason = std::optional<std::string>;  // what is wrong; nothing: it is good

// What a value's head promises, and its rows must keep.
Reason wrong_rows(const Piece& piece, const Lines& lines) {
  if (lines.rows.size() != piece.lines)
    return "its head says " + std::to_string(piece.lines) + " lines, it has " +
           std::to_string(lines.rows.size());
  if (lines.streams.size() != piece.streams->size()) return "its head has other label sets";
  for (std::size_t i = 0; i < lines.streams.size(); ++i)
    if (lines.streams[i] != *(*piece.streams)[i]) return "its head has other label sets";
  if (lines.rows.empty()) return std::nullopt;
  const auto [oldest, newest] = std::ranges::minmax(lines.rows, {}, &Lines::Row::time_ns);
  if (oldest.time_ns != piece.min_time || newest.time_ns != piece.max_time)
    return "a line's time is not within what its head says";
  const auto place = [](const Lines::Row& row) { return Cursor::Next{row.offset, row.index}; };
  const auto [first, last] = std::ranges::minmax(lines.rows, {}, place);
  if (place(first) != piece.first || place(last) != piece.last)
    return "a line's place is not within what its head says";
  return std::nullopt;
}

// An index that denies what its block has would hide lines from every search.
Reason wrong_index(const std::function<bool(std::uint64_t)>& maybe, const Lines& lines) {
  FeatureSet features;
  for (const auto& row : lines.rows) features.add_line(row.body);
  for (const auto set : lines.sets)
    for (const auto& [name, text] : attributes_of(set)) features.add_value(text);
  return std::ranges::all_of(features.hashes(), maybe) ? Reason() : "it denies a word of its block";
}

Reason wrong_minutes(std::string_view value, const Lines& lines) {
  LevelCounts sum{};
  auto read = each_minute(value, [&](std::size_t, std::int64_t, const LevelCounts& counts) {
    for (std::size_t level = 0; level < kLevels; ++level) sum[level] += counts[level];
  });
  if (!read) return read.error().message;
  return sum == count_levels(lines) ? Reason() : "it counts other lines than its block has";
}

Reason wrong_ledger(std::string_view key, std::string_view value) {
  if (key.empty()) return "its key is empty";
  const auto part = static_cast<LedgerPart>(key.front());
  auto rest = key.substr(1);
  if (std::string_view("ejwlrpcvkt").find(key.front()) == std::string_view::npos ||
      !take_text(rest))
    return "its key cannot be read";
  if (part == LedgerPart::event || part == LedgerPart::check) {
    if (auto event = decode_event(value); !event) return event.error().message;
  } else if (part == LedgerPart::verdict) {
    if (auto verdict = decode_verdict(value); !verdict) return verdict.error().message;
  }
  return std::nullopt;
}

// Keys hold zero bytes and numbers.
std::string readable(std::string_view key) {
  std::string text;
  for (const char c : key) text.push_back(c >= ' ' && c <= '~' ? c : '.');
  return text;
}

class Verifier {
 public:
  Verifier(Ground& ground, const Progress& progress, const std::stop_token& stop)
      : ground_(ground), progress_(progress), stop_(stop) {
    for (const auto* const name : kNames) report_.kinds.push_back({name});
  }

  Result<VerifyReport> run() {
    const auto stats = ground_.directory.stats();
    step_ = {0, stats.inbox_bytes + stats.block_bytes_stored, "bytes", "checking lines"};
    for (const auto& tool : ground_.directory.tools()) {
      ToolViewPtr values;
      readers_.clear();  // they stand on the view
      const auto view = ground_.db->view([&] {
        values = ground_.directory.view(tool);
        indexes_ = ground_.indexes;
      });
      std::vector<PiecePtr> pieces;
      values->each([&](const PiecePtr& piece) { pieces.push_back(piece); });
      for (const auto& piece : pieces) {
        if (stop_.stop_requested()) return stopped();
        check_lines(tool, *piece, view.get());
      }
    }
    each(*ground_.inbox, inbox, "checking the inbox",
         [&](auto key, auto value) { check_unknown_inbox(key, value); });
    each(*ground_.entries, directory, "checking the directory",
         [&](auto key, auto value) { check_entry(key, value); });
    each(*ground_.positions, positions, "checking positions", [&](auto source, auto value) {
      const auto position = decode_position(value);
      count(positions, value.size(), position ? Reason() : position.error().message,
            {.kind = {}, .what = "source " + readable(source)});
    });
    each(*ground_.ledger, ledger, "checking the ledger", [&](auto key, auto value) {
      count(ledger, value.size(), wrong_ledger(key, value), {.kind = {}, .what = readable(key)});
    });
    if (stop_.stop_requested()) return stopped();
    return std::move(report_);
  }

 private:
  static std::unexpected<Error> stopped() { return fail(Errc::cancelled, "verify: stopped"); }

  void tell(std::uint64_t bytes) {
    step_.done = std::min(step_.done + bytes, step_.total);
    if (progress_) progress_(step_);
  }

  void count(Kind kind, std::uint64_t bytes, Reason wrong, VerifyReport::Bad bad) {
    auto& counts = report_.kinds[kind];
    counts.bytes += bytes;
    if (!wrong) {
      ++counts.good;
      return;
    }
    ++counts.bad;
    if (report_.named.size() >= kMaxNamed) return;
    bad.kind = kNames[kind];
    bad.reason = *std::move(wrong);
    report_.named.push_back(std::move(bad));
  }

  static VerifyReport::Bad bad_of(const std::string& tool, const Piece& piece) {
    VerifyReport::Bad bad{.kind = {}, .tool = tool, .day = day_name(piece.day)};
    bad.block = piece.block;
    bad.what = piece.in_inbox() ? "partition " + std::to_string(piece.partition) + ", offset " +
                                      std::to_string(piece.first.offset)
                                : "block " + std::to_string(piece.block);
    return bad;
  }

  void check_lines(const std::string& tool, const Piece& piece, const View* view) {
    const auto kind = piece.in_inbox() ? inbox : blocks;
    auto lines = ground_.lines(piece, view);
    Reason wrong;
    if (!lines)
      wrong = lines.error().message;
    else if (lines->tool != tool)
      wrong = "it is of the tool " + lines->tool;
    else
      wrong = wrong_rows(piece, *lines);
    if (lines && wrong) ground_.quarantine(&piece, *wrong);
    count(kind, piece.stored_bytes - piece.index_bytes, std::move(wrong), bad_of(tool, piece));
    // Those of a block of an older format are not there.
    if (lines && !piece.in_inbox() && piece.zstd_level != 0) {
      check_minutes(tool, piece, *lines, view);
      check_index(tool, piece, *lines, view);
    }
    tell(piece.stored_bytes);
  }

  // Readers take a wrong index for "maybe" and count lines where minutes are wrong, so nothing of
  // these is quarantined.
  void check_minutes(const std::string& tool, const Piece& piece, const Lines& lines,
                     const View* view) {
    const auto value =
        ground_.db->get(*piece.family, block_key(piece.block, BlockPart::minutes), view);
    auto bad = bad_of(tool, piece);
    bad.what.insert(0, "minutes of ");
    const auto bytes = value && *value ? (*value)->size() : 0;
    auto wrong = !value    ? value.error().message
                 : !*value ? Reason("it is missing")
                           : wrong_minutes(**value, lines);
    count(minutes, bytes, std::move(wrong), std::move(bad));
  }

  void check_index(const std::string& tool, const Piece& piece, const Lines& lines,
                   const View* view) {
    auto bad = bad_of(tool, piece);
    if (const auto group = group_of(piece)) {
      bad.what.insert(0, "column of ");
      const auto column = group->column(piece.block);
      if (readers_.size() >= kMaxReaders) readers_.clear();
      auto& reader = readers_.try_emplace(group, *ground_.db, view, group).first->second;
      const auto maybe = [&](std::uint64_t hash) {
        return (reader.maybe(hash)[column / 64] >> (column % 64) & 1U) != 0;
      };
      auto wrong = wrong_index(maybe, lines);
      if (!wrong && reader.wrong() != 0) wrong = "values of its group are wrong";
      count(index, 0, std::move(wrong), std::move(bad));
      return;
    }
    bad.what.insert(0, "filter of ");
    const auto value =
        ground_.db->get(*piece.family, block_key(piece.block, BlockPart::filter), view);
    const auto filter = value && *value ? Filter::open(**value) : std::nullopt;
    const auto maybe = [&](std::uint64_t hash) { return filter->maybe(hash); };
    const auto bytes = value && *value ? (*value)->size() : 0;
    auto wrong = !value    ? value.error().message
                 : !*value ? Reason("it is missing")
                 : !filter ? Reason("its checksum is wrong")
                           : wrong_index(maybe, lines);
    count(index, bytes, std::move(wrong), std::move(bad));
  }

  [[nodiscard]] GroupPtr group_of(const Piece& piece) const {
    const auto day = indexes_->find(piece.day);
    if (day == indexes_->end()) return nullptr;
    for (const auto& group : *day->second)
      if (group->column(piece.block) != SIZE_MAX) return group;
    return nullptr;
  }

  // Values that say not even whose they are, which no view knows. All others were looked at above.
  void check_unknown_inbox(std::string_view key, std::string_view value) {
    const auto place = parse_inbox_key(key);
    const auto head = decode_head(value);
    if (place && head) return;
    const auto where = place ? "partition " + std::to_string(place->partition) + ", offset " +
                                   std::to_string(place->first.offset)
                             : "key " + readable(key);
    if (!place || !known_bad(where))
      count(inbox, value.size(), head ? "its key cannot be read" : head.error().message,
            {.kind = {}, .what = where});
  }

  [[nodiscard]] bool known_bad(const std::string& what) const {
    return std::ranges::any_of(report_.named, [&](const VerifyReport::Bad& bad) {
      return bad.kind == kNames[inbox] && bad.what == what;
    });
  }

  void check_entry(std::string_view key, std::string_view value) {
    const auto place = parse_directory_key(key);
    if (place && (place->block & kGroupIds) != 0) {
      const auto group = decode_group(value);
      count(directory, value.size(), group ? Reason() : group.error().message,
            {.kind = {},
             .day = day_name(place->day),
             .what = "entry of group " + std::to_string(place->block & ~kGroupIds)});
      return;
    }
    if (is_older_entry(value)) return;
    const auto entry = decode_entry(value);
    Reason wrong;
    if (!place)
      wrong = "its key cannot be read";
    else if (!entry)
      wrong = entry.error().message;
    VerifyReport::Bad bad{.kind = {}, .tool = entry ? entry->head.tool : ""};
    bad.what = "entry " + readable(key);
    if (place) {
      bad.day = day_name(place->day);
      bad.block = place->block;
      bad.what = "entry of block " + std::to_string(place->block);
    }
    count(directory, value.size(), std::move(wrong), std::move(bad));
  }

  // A table that cannot be read further costs the rest of its family, and no other.
  template <class Visit>
  void each(const Family& family, Kind kind, std::string_view what, const Visit& visit) {
    step_.what = what;
    std::string last;
    auto read = ground_.db->each(family, "", [&](std::string_view key, std::string_view value) {
      last = key;
      visit(key, value);
      tell(0);
      return !stop_.stop_requested();
    });
    if (read) return;
    count(kind, 0, read.error().message, {.kind = {}, .what = "what follows " + readable(last)});
  }

  static constexpr std::size_t kMaxReaders = 8;
  Ground& ground_;
  IndexesPtr indexes_;
  std::map<GroupPtr, GroupReader> readers_;
  const Progress& progress_;
  const std::stop_token& stop_;
  Step step_;
  VerifyReport report_;
};

std::uint64_t sum(const std::vector<VerifyReport::Kind>& kinds,
                  std::uint64_t VerifyReport::Kind::* member) {
  return std::accumulate(
      kinds.begin(), kinds.end(), std::uint64_t{0},
      [&](std::uint64_t all, const VerifyReport::Kind& kind) { return all + kind.*member; });
}

}  // namespace

std::uint64_t VerifyReport::good() const { return sum(kinds, &Kind::good); }
std::uint64_t VerifyReport::bad() const { return sum(kinds, &Kind::bad); }

Result<VerifyReport> verify(Ground& ground, const Progress& progress, const std::stop_token& stop) {
  return Verifier(ground, progress, stop).run();
}

std::string json(const VerifyReport& report) {
  std::string out = "{\"good\":" + std::to_string(report.good()) +
                    ",\"bad\":" + std::to_string(report.bad()) + ",\"kinds\":[";
  for (const auto& kind : report.kinds) {
    append_json_comma(out);
    out += "{\"name\":\"" + kind.name + "\",\"good\":" + std::to_string(kind.good) +
           ",\"bad\":" + std::to_string(kind.bad) + ",\"bytes\":" + std::to_string(kind.bytes) +
           "}";
  }
  out += "],\"named\":[";
  for (const auto& bad : report.named) {
    append_json_comma(out);
    out += "{\"kind\":\"" + bad.kind + "\",\"tool\":";
    append_json_string(out, bad.tool);
    out += ",\"day\":\"" + bad.day + "\",\"block\":" + std::to_string(bad.block) + ",\"what\":";
    append_json_string(out, bad.what);
    out += ",\"reason\":";
    append_json_string(out, bad.reason);
    out += '}';
  }
  return out + "]}";
}

}  // namespace logboom::store
