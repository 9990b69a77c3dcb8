#include "store/seal.h"

#include <xxhash.h>

#include <algorithm>

#include "core/log.h"
#include "core/time.h"
#include "store/features.h"
#include "store/filter.h"
#include "store/keys.h"
#include "store/minutes.h"

namespace logboom::store {
namespace {

constexpr std::uint64_t kMaxInboxBatches = 1024;  // of a tool: more are sealed, however small
constexpr std::uint64_t kHelpFactor = 8;          // times the limits at which appenders seal
constexpr std::uint64_t kAbsorbFactor = 2;  // a block this much larger than the new is left alone

// Cuts the inbox into what one block may hold together: a partition's lines of one day.
std::vector<std::vector<PiecePtr>> groups_of(const ToolView& view) {
  std::vector<PiecePtr> pieces;
  view.each_inbox([&](const PiecePtr& piece) {
    if (!piece->quarantined) pieces.push_back(piece);
  });
  std::sort(pieces.begin(), pieces.end(), [](const PiecePtr& a, const PiecePtr& b) {
    return std::tie(a->partition, a->first) < std::tie(b->partition, b->first);
  });
  std::vector<std::vector<PiecePtr>> groups;
  for (auto& piece : pieces) {
    const bool same = !groups.empty() && groups.back().back()->partition == piece->partition &&
                      groups.back().back()->day == piece->day;
    if (!same) groups.emplace_back();
    groups.back().push_back(std::move(piece));
  }
  return groups;
}

// The small blocks just before the group, to be sealed again with it.
std::vector<PiecePtr> absorbed(const ToolView& view, const std::vector<PiecePtr>& group) {
  std::uint64_t bytes = 0, lines = 0;
  for (const auto& piece : group) {
    bytes += piece->raw_bytes;
    lines += piece->lines;
  }
  const auto& blocks = *view.blocks;
  const auto& front = *group.front();
  auto at = std::partition_point(blocks.begin(), blocks.end(), [&](const PiecePtr& block) {
    return std::tie(block->partition, block->first) < std::tie(front.partition, front.first);
  });
  bytes = std::min<std::uint64_t>(bytes, kBlockBytes / kAbsorbFactor);
  std::vector<PiecePtr> taken;
  while (at != blocks.begin()) {
    const auto& block = *--at;
    if (block->partition != front.partition || block->day != front.day || block->quarantined ||
        is_full(*block) || block->raw_bytes > bytes * kAbsorbFactor ||
        bytes + block->raw_bytes > kBlockBytes || lines + block->lines > kBlockLines)
      break;
    bytes += block->raw_bytes;
    lines += block->lines;
    taken.push_back(block);
  }
  std::ranges::reverse(taken);
  return taken;
}

// What is to be written at once of the tool's day: small neighbours that fit into one block, or
// one that has been compressed in haste.
std::vector<PiecePtr> next_warm(const ToolView& view, std::int32_t day) {
  std::vector<PiecePtr> run;
  std::uint64_t bytes = 0, lines = 0;
  for (const auto& block : *view.blocks) {
    if (block->day != day || block->quarantined) continue;
    const bool joins = !run.empty() && !is_full(*block) && !is_full(*run.back()) &&
                       run.back()->partition == block->partition &&
                       bytes + block->raw_bytes <= kBlockBytes &&
                       lines + block->lines <= kBlockLines;
    if (!joins) {
      if (run.size() > 1 || (run.size() == 1 && run.front()->zstd_level < kColdLevel)) return run;
      run.clear();
      bytes = lines = 0;
    }
    bytes += block->raw_bytes;
    lines += block->lines;
    run.push_back(block);
  }
  const bool alone = run.size() == 1 && run.front()->zstd_level >= kColdLevel;
  return alone ? std::vector<PiecePtr>{} : run;
}

}  // namespace

bool Sealer::due(const Directory::Inbox& inbox) const {
  const auto age = std::chrono::nanoseconds(ground_.now() - inbox.oldest_ns);
  return inbox.batches != 0 &&
         (inbox.raw_bytes >= ground_.options.seal_bytes || inbox.batches >= kMaxInboxBatches ||
          age >= ground_.options.seal_age);
}

Result<void> Sealer::seal_all() {
  for (const auto& inbox : ground_.directory.inboxes()) {
    auto sealed = seal_tool(inbox.tool);
    if (!sealed) return sealed;
  }
  return {};
}

Result<void> Sealer::seal_due(const std::stop_token& stop) {
  auto inboxes = ground_.directory.inboxes();
  std::erase_if(inboxes, [this](const Directory::Inbox& inbox) { return !due(inbox); });
  std::sort(inboxes.begin(), inboxes.end(),
            [](const Directory::Inbox& a, const Directory::Inbox& b) {
              return a.oldest_ns < b.oldest_ns;
            });
  for (const auto& inbox : inboxes) {
    if (stop.stop_requested()) return {};
    auto sealed = seal_tool(inbox.tool);
    if (!sealed) return sealed;
  }
  return {};
}

void Sealer::help(const std::string& tool) {
  const auto inbox = ground_.directory.inbox(tool);
  if (inbox.raw_bytes < ground_.options.seal_bytes * kHelpFactor &&
      inbox.batches < kMaxInboxBatches * kHelpFactor)
    return;
  auto sealed = seal_tool(tool);
  // The background thread meets the same failure, tells it and tries again.
  if (!sealed) meters().background_errors.add();
}

Result<void> Sealer::seal_tool(const std::string& tool) {
  const std::lock_guard lock(mutex_);
  // A block needs room before the inbox gives any back; below half of the reserve it stays as it
  // is.
  auto space = ground_.check_space(ground_.options.min_free_bytes / 2);
  if (!space) return space;
  for (auto& group : groups_of(*ground_.directory.view(tool))) {
    if (ground_.expired(group.front()->day)) {
      auto dropped = drop_from_inbox(tool, group);
      if (!dropped) return dropped;
      continue;
    }
    auto pieces = absorbed(*ground_.directory.view(tool), group);
    pieces.insert(pieces.end(), group.begin(), group.end());
    auto sealed = seal_pieces(tool, std::move(pieces), kBlockLevel);
    if (!sealed) return sealed;
  }
  return {};
}

// A block as it is gathered.
struct Sealer::Draft {
  std::vector<PiecePtr> taken;
  std::vector<Lines> parts;
  FeatureSet features;
  std::uint64_t bytes = 0, lines = 0;

  [[nodiscard]] bool has_room_for(const Piece& piece) const {
    return parts.empty() ||
           (bytes + piece.raw_bytes <= kBlockBytes && lines + piece.lines <= kBlockLines &&
            features.size() < kBlockFeatures);
  }
  void add(PiecePtr piece, Lines part) {
    for (const auto& row : part.rows) features.add_line(row.body);
    for (const auto set : part.sets)
      for (const auto& [name, value] : attributes_of(set)) features.add_value(value);
    bytes += piece->raw_bytes;
    lines += piece->lines;
    taken.push_back(std::move(piece));
    parts.push_back(std::move(part));
  }
};

// Pieces of one partition and day, in order of place.
Result<void> Sealer::seal_pieces(const std::string& tool, std::vector<PiecePtr> pieces,
                                 int zstd_level) {
  Draft draft;
  for (auto& piece : pieces) {
    if (!draft.has_room_for(*piece)) {
      auto written = write(tool, std::exchange(draft, {}), zstd_level);
      if (!written) return written;
    }
    auto lines = ground_.lines(*piece, nullptr);
    if (lines)
      draft.add(std::move(piece), *std::move(lines));
    else if (lines.error().code != Errc::corrupt)  // corrupt: quarantined, the rest goes on
      return fail(std::move(lines).error());
  }
  return draft.parts.empty() ? Result<void>{} : write(tool, std::move(draft), zstd_level);
}

std::vector<std::uint64_t> Sealer::streams_of(Change& change, const std::vector<Labels>& streams,
                                              std::vector<std::uint64_t>& fresh) {
  std::vector<std::uint64_t> keys;
  for (const auto& labels : streams) {
    auto value = encode_labels(labels);
    auto key = XXH3_64bits(value.data(), value.size());
    // Different labels under one hash are possible, by intent: the next free number serves.
    for (;; ++key) {
      const auto [known, is_new] = streams_.try_emplace(key);
      if (is_new) {
        fresh.push_back(key);
        known->second = ground_.directory.shared(labels);
        change.put(ground_.streams, stream_key(key), std::move(value));
        break;
      }
      if (*known->second == labels) break;
    }
    keys.push_back(key);
  }
  return keys;
}

Result<void> Sealer::write(const std::string& tool, Draft draft, int zstd_level) {
  const auto day = draft.taken.front()->day;
  auto family = ground_.db->family(family_name(day, ground_.options.retention_class));
  if (!family) return fail(std::move(family).error());
  const auto lines = merge(std::move(draft.parts));
  auto encoded = encode_framed(lines, zstd_level, zstd_level >= kColdLevel);
  const auto block = next_block_;
  auto value = finish(encoded.head, encoded);
  auto filter = encode_filter(draft.features);
  auto minutes = encode_minutes(lines);

  Change change;
  std::vector<std::uint64_t> fresh;
  const DirectoryEntry entry{.head = std::move(encoded.head),
                             .block_bytes = value.size(),
                             .index_bytes = filter.size() + minutes.size(),
                             .buckets = buckets_for(draft.features.size()),
                             .zstd_level = static_cast<std::uint64_t>(zstd_level),
                             .levels = count_levels(lines),
                             .streams = streams_of(change, lines.streams, fresh)};
  StreamSet streams;
  for (const auto key : entry.streams) streams.push_back(streams_.at(key));
  const auto piece = ground_.directory.piece_of(entry, std::move(streams));
  piece->family = *family;
  piece->block = block;
  piece->day = day;
  change.put(ground_.entries, directory_key(day, block), encode_entry(entry));
  change.put(*family, block_key(block, BlockPart::lines), std::move(value));
  change.put(*family, block_key(block, BlockPart::filter), std::move(filter));
  change.put(*family, block_key(block, BlockPart::minutes), std::move(minutes));
  for (const auto& old : draft.taken) {
    if (old->in_inbox())
      change.remove(ground_.inbox, inbox_key(old->partition, old->first));
    else
      remove_block(change, *old);
  }
  auto written =
      ground_.db->replace(change, [&] { ground_.directory.replace(tool, draft.taken, piece); });
  if (!written) {
    for (const auto key : fresh) streams_.erase(key);  // they are put again next time
    return written;
  }
  ++next_block_;
  know_block(tool, piece, true);
  meters().blocks.add();
  meters().sealed_bytes.add(entry.head.raw_bytes);
  return {};
}

void Sealer::know_block(const std::string& tool, const PiecePtr& block, bool single) {
  if (single) slicer_.add(tool, block);
  if (block->zstd_level < kColdLevel) warm_.emplace(block->day, tool);
}

Result<bool> Sealer::recompress_one(std::int32_t before_day) {
  const std::lock_guard lock(mutex_);
  while (!warm_.empty() && warm_.begin()->first < before_day) {
    const auto [day, tool] = *warm_.begin();
    // What it gives back comes later; a full disk is no time for it.
    if (!ground_.check_space(ground_.options.min_free_bytes)) return false;
    auto blocks = next_warm(*ground_.directory.view(tool), day);
    if (blocks.empty()) {
      warm_.erase(warm_.begin());
      continue;
    }
    // Level 0: written by an older program, or its entry was lost; it gets an index as well.
    const bool in_place = blocks.size() == 1 && blocks.front()->zstd_level != 0;
    auto written =
        in_place ? rewrite(tool, blocks.front()) : seal_pieces(tool, std::move(blocks), kColdLevel);
    return written ? Result<bool>(true) : fail(std::move(written).error());
  }
  return false;
}

Result<void> Sealer::rewrite(const std::string& tool, const PiecePtr& block) {
  auto lines = ground_.lines(*block, nullptr);
  if (!lines)  // corrupt: quarantined, so it does not come again
    return lines.error().code == Errc::corrupt ? Result<void>{} : fail(std::move(lines).error());
  auto encoded = encode_framed(*lines, kColdLevel, true);
  auto value = finish(encoded.head, encoded);
  auto stored = ground_.db->get(*ground_.entries, directory_key(block->day, block->block));
  if (!stored) return fail(std::move(stored).error());
  auto entry = decode_entry(std::move(*stored).value_or(""));
  if (!entry) return fail(std::move(entry).error());
  entry->block_bytes = value.size();
  entry->zstd_level = kColdLevel;
  const auto piece = ground_.directory.piece_of(*entry, *block->streams);
  piece->family = block->family;
  piece->block = block->block;
  piece->day = block->day;
  Change change;
  change.put(ground_.entries, directory_key(block->day, block->block), encode_entry(*entry));
  change.put(block->family, block_key(block->block, BlockPart::lines), std::move(value));
  auto written =
      ground_.db->replace(change, [&] { ground_.directory.replace(tool, {block}, piece); });
  if (written) meters().recompressed.add();
  return written;
}

void Sealer::remove_block(Change& change, const Piece& piece) const {
  change.remove(ground_.entries, directory_key(piece.day, piece.block));
  for (const auto part : {BlockPart::lines, BlockPart::filter, BlockPart::minutes})
    change.remove(piece.family, block_key(piece.block, part));
}

Result<void> Sealer::slice_due() {
  const std::lock_guard lock(mutex_);
  return slicer_.slice_due();
}

Result<void> Sealer::drop_from_inbox(const std::string& tool, const std::vector<PiecePtr>& pieces) {
  Change change;
  for (const auto& piece : pieces)
    change.remove(ground_.inbox, inbox_key(piece->partition, piece->first));
  return ground_.db->replace(change, [&] { ground_.directory.replace(tool, pieces, nullptr); });
}

std::size_t Sealer::expired_days() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(ground_.db->family_names(), [this](const std::string& name) {
        const auto day = parse_family_day(name);
        return day && ground_.expired(*day);
      }));
}

Result<std::size_t> Sealer::drop_expired_days() {
  const std::lock_guard lock(mutex_);
  for (const auto& inbox : ground_.directory.inboxes()) {
    std::vector<PiecePtr> old;
    ground_.directory.view(inbox.tool)->each_inbox([&](const PiecePtr& piece) {
      if (ground_.expired(piece->day)) old.push_back(piece);
    });
    if (old.empty()) continue;
    auto dropped = drop_from_inbox(inbox.tool, old);
    if (!dropped) return fail(std::move(dropped).error());
  }
  std::size_t days = 0;
  for (const auto& name : ground_.db->family_names()) {
    const auto day = parse_family_day(name);
    if (!day || !ground_.expired(*day)) continue;
    auto dropped = drop_day(*day, name);
    if (!dropped) return fail(std::move(dropped).error());
    ++days;
  }
  return days;
}

// The family first: once it is gone, directory entries of it mean nothing, and open() removes them
// too.
Result<void> Sealer::drop_day(std::int32_t day, const std::string& name) {
  auto family = ground_.db->family(name);
  if (!family) return fail(std::move(family).error());
  auto dropped = ground_.db->drop(*family);
  if (!dropped) return dropped;
  slicer_.forget_day(day);
  Change change;
  auto indexes = std::make_shared<Indexes>(*ground_.indexes);
  if (const auto index = indexes->find(day); index != indexes->end()) {
    for (const auto& group : *index->second)
      change.remove(ground_.entries, directory_key(day, kGroupIds | group->id));
    indexes->erase(index);
  }
  for (const auto& tool : ground_.directory.tools()) {
    std::vector<PiecePtr> old;
    for (const auto& block : *ground_.directory.view(tool)->blocks) {
      if (block->family != *family) continue;
      old.push_back(block);
      change.remove(ground_.entries, directory_key(block->day, block->block));
    }
    if (!old.empty()) ground_.directory.replace(tool, old, nullptr);
  }
  meters().dropped_days.add();
  log::info("dropped a day past retention",
            {{"day", day_name(day)}, {"blocks", change.operations.size()}});
  return ground_.db->replace(change, [&] { ground_.indexes = std::move(indexes); });
}

}  // namespace logboom::store
