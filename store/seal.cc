#include "store/seal.h"

#include <algorithm>

#include "core/log.h"
#include "core/time.h"
#include "store/filter.h"
#include "store/keys.h"

namespace logboom::store {
namespace {

constexpr std::uint64_t kMaxInboxBatches = 1024;  // of a tool: more are sealed, however small
constexpr std::uint64_t kHelpFactor = 8;          // times the limits at which appenders seal
constexpr std::uint64_t kAbsorbFactor = 2;  // a block this much larger than the new is left alone

std::string filter_of(const Lines& lines) {
  FilterBuilder filter;
  for (const auto& row : lines.rows) filter.add(row.body);
  for (const auto set : lines.sets)
    for (const auto& [name, value] : attributes_of(set)) filter.add(value);
  return filter.finish();
}

// Cuts the inbox into what becomes one block each.
std::vector<std::vector<PiecePtr>> groups_of(const ToolView& view) {
  std::vector<PiecePtr> pieces;
  view.each_inbox([&](const PiecePtr& piece) {
    if (!piece->quarantined) pieces.push_back(piece);
  });
  std::sort(pieces.begin(), pieces.end(), [](const PiecePtr& a, const PiecePtr& b) {
    return std::tie(a->partition, a->first) < std::tie(b->partition, b->first);
  });
  std::vector<std::vector<PiecePtr>> groups;
  std::uint64_t bytes = 0, lines = 0;
  for (auto& piece : pieces) {
    const bool same = !groups.empty() && groups.back().back()->partition == piece->partition &&
                      groups.back().back()->day == piece->day &&
                      bytes + piece->raw_bytes <= kBlockBytes &&
                      lines + piece->lines <= kBlockLines;
    if (!same) {
      groups.emplace_back();
      bytes = lines = 0;
    }
    bytes += piece->raw_bytes;
    lines += piece->lines;
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
  std::vector<PiecePtr> taken;
  while (at != blocks.begin()) {
    const auto& block = *--at;
    if (block->partition != front.partition || block->day != front.day || block->quarantined ||
        block->raw_bytes > bytes * kAbsorbFactor || bytes + block->raw_bytes > kBlockBytes ||
        lines + block->lines > kBlockLines)
      break;
    bytes += block->raw_bytes;
    lines += block->lines;
    taken.push_back(block);
  }
  return taken;
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
    auto sealed = ground_.expired(group.front()->day) ? drop_from_inbox(tool, group)
                                                      : seal_group(tool, std::move(group));
    if (!sealed) return sealed;
  }
  return {};
}

Result<void> Sealer::seal_group(const std::string& tool, std::vector<PiecePtr> group) {
  const auto day = group.front()->day;
  auto family = ground_.db->family(family_name(day, ground_.options.retention_class));
  if (!family) return fail(std::move(family).error());

  std::vector<PiecePtr> taken;
  std::vector<Lines> parts;
  for (auto& piece : absorbed(*ground_.directory.view(tool), group))
    group.push_back(std::move(piece));
  for (auto& piece : group) {
    auto lines = ground_.lines(*piece, nullptr);
    if (lines) {
      parts.push_back(*std::move(lines));
      taken.push_back(std::move(piece));
    } else if (lines.error().code != Errc::corrupt) {  // corrupt: quarantined, the rest goes on
      return fail(std::move(lines).error());
    }
  }
  if (parts.empty()) return {};

  const auto lines = merge(std::move(parts));
  const auto encoded = encode(lines, kBlockLevel);
  const auto block = next_block_;
  auto value = finish(encoded.head, encoded.sections);
  auto filter = filter_of(lines);
  const auto piece = ground_.directory.piece_of(encoded.head, value.size() + filter.size());
  piece->family = *family;
  piece->block = block;
  piece->day = day;

  Change change;
  change.put(ground_.entries, directory_key(day, block),
             encode_entry({encoded.head, value.size(), filter.size()}));
  change.put(*family, block_key(block, BlockPart::lines), std::move(value));
  change.put(*family, block_key(block, BlockPart::filter), std::move(filter));
  for (const auto& old : taken) {
    if (old->in_inbox()) {
      change.remove(ground_.inbox, inbox_key(old->partition, old->first));
      continue;
    }
    change.remove(ground_.entries, directory_key(old->day, old->block));
    change.remove(old->family, block_key(old->block, BlockPart::lines));
    change.remove(old->family, block_key(old->block, BlockPart::filter));
  }
  auto written =
      ground_.db->replace(change, [&] { ground_.directory.replace(tool, taken, piece); });
  if (!written) return written;
  ++next_block_;
  meters().blocks.add();
  meters().sealed_bytes.add(encoded.head.raw_bytes);
  return {};
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
  Change change;
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
  return ground_.db->replace(change, [] {});
}

}  // namespace logboom::store
