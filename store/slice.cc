#include "store/slice.h"

#include <algorithm>
#include <unordered_set>

#include "core/time.h"
#include "store/keys.h"

namespace logboom::store {
namespace {

constexpr std::size_t kPastShare = 4;  // of a day that is over, fewer blocks are worth a group
constexpr std::size_t kJoined = 8;     // groups that grow together

bool is_living(const ToolView& view, const PiecePtr& block) {
  const auto& blocks = *view.blocks;
  const auto at = std::partition_point(blocks.begin(), blocks.end(), [&](const PiecePtr& other) {
    return std::tie(other->partition, other->first) < std::tie(block->partition, block->first);
  });
  return at != blocks.end() && (*at)->block == block->block;
}

std::unordered_set<std::uint64_t> living_blocks(const Directory& directory, std::int32_t day) {
  std::unordered_set<std::uint64_t> ids;
  for (const auto& tool : directory.tools())
    for (const auto& block : *directory.view(tool)->blocks)
      if (block->day == day) ids.insert(block->block);
  return ids;
}

}  // namespace

bool is_full(const Piece& block) {
  return block.raw_bytes * 4 >= kBlockBytes * 3 || block.lines * 4 >= kBlockLines * 3 ||
         block.buckets >= buckets_for(kBlockFeatures * 3 / 4);
}

void Slicer::add(const std::string& tool, PiecePtr block) {
  const Key key{block->day, block->buckets};
  singles_[key].push_back({tool, std::move(block)});
}

void Slicer::forget_day(std::int32_t day) {
  std::erase_if(singles_, [day](const auto& entry) { return entry.first.first == day; });
}

std::vector<Slicer::Single> Slicer::living(std::vector<Single> singles) const {
  std::erase_if(singles, [this](const Single& single) {
    return !is_living(*ground_.directory.view(single.tool), single.block);
  });
  return singles;
}

// A group as it is gathered: filters in the order of their blocks' ids.
struct Slicer::Draft {
  struct Column {
    std::uint64_t block = 0;
    std::shared_ptr<const std::string> owner;  // of what the filter views
    Filter filter;
  };
  std::vector<Column> columns;
  std::vector<PiecePtr> singles;
  std::vector<GroupPtr> groups;
  std::uint64_t replaced = 0;  // bytes of the blocks' own filters
};

Result<void> Slicer::slice_due() {
  const auto today = day_of(ground_.now());
  const auto least_of = [&](std::int32_t day) {
    const auto least = ground_.options.slice_blocks;
    return day < today ? std::max<std::size_t>(1, least / kPastShare) : least;
  };
  std::vector<Key> keys;
  for (auto at = singles_.begin(); at != singles_.end();) {
    const auto least = least_of(at->first.first);
    if (at->second.size() >= least) {
      at->second = living(std::move(at->second));
      if (at->second.size() >= least) keys.push_back(at->first);
    }
    at = at->second.empty() ? singles_.erase(at) : std::next(at);
  }
  for (const auto& key : keys) {
    auto& all = singles_[key];
    const bool past = key.first < today;
    const auto stay = std::partition(all.begin(), all.end(), [past](const Single& single) {
      return !past && !is_full(*single.block);
    });
    std::vector<Single> ready(std::make_move_iterator(stay), std::make_move_iterator(all.end()));
    all.erase(stay, all.end());
    Result<void> sliced;
    while (sliced && ready.size() >= least_of(key.first)) sliced = slice(key, ready);
    std::ranges::move(ready, std::back_inserter(all));
    if (!sliced) return sliced;
  }
  const auto indexes = ground_.indexes;
  for (const auto& [day, index] : *indexes) {
    std::map<std::size_t, std::vector<GroupPtr>> small;
    for (const auto& group : *index)
      if (group->blocks.size() <= kGroupBlocks / kJoined) small[group->buckets].push_back(group);
    for (auto& [buckets, groups] : small) {
      if (groups.size() < kJoined) continue;
      groups.resize(kJoined);
      auto joined = join({day, static_cast<std::uint32_t>(buckets)}, groups);
      if (!joined) return joined;
    }
  }
  return {};
}

// Takes up to kGroupBlocks off the end of the list.
Result<void> Slicer::slice(const Key& key, std::vector<Single>& singles) {
  Draft draft;
  const auto count = std::min(singles.size(), kGroupBlocks);
  std::vector<Single> taken(
      std::make_move_iterator(singles.end() - static_cast<std::ptrdiff_t>(count)),
      std::make_move_iterator(singles.end()));
  singles.resize(singles.size() - count);
  for (const auto& [tool, block] : taken) {
    auto value = ground_.db->get(*block->family, block_key(block->block, BlockPart::filter));
    if (!value) return fail(std::move(value).error());
    // One that is wrong stays alone: everything is "maybe" in its block.
    auto owner = std::make_shared<const std::string>(value->value_or(""));
    auto filter = Filter::open(*owner);
    if (!filter || filter->buckets().size() != key.second * kBucketBytes) continue;
    draft.replaced += owner->size();
    draft.columns.push_back({block->block, std::move(owner), *std::move(filter)});
    draft.singles.push_back(block);
  }
  return draft.columns.empty() ? Result<void>{} : write(key, std::move(draft));
}

Result<void> Slicer::join(const Key& key, const std::vector<GroupPtr>& groups) {
  const auto alive = living_blocks(ground_.directory, key.first);
  Draft draft;
  for (const auto& group : groups) {
    GroupReader reader(*ground_.db, nullptr, group);
    auto filters = reader.filters();
    auto words = filters ? reader.words() : Result<std::string>("");
    if (!filters || !words) continue;  // wrong: it stays as it is
    for (std::size_t i = 0; i < filters->size(); ++i) {
      if (!alive.contains(group->blocks[i])) continue;
      auto owner = std::make_shared<const std::string>(std::move((*filters)[i]));
      Filter filter(*owner, std::exchange(*words, {}));  // the words once: they become one list
      draft.columns.push_back({group->blocks[i], std::move(owner), std::move(filter)});
    }
    draft.replaced += group->replaced;
    draft.groups.push_back(group);
  }
  return draft.groups.size() < 2 ? Result<void>{} : write(key, std::move(draft));
}

Result<void> Slicer::write(const Key& key, Draft draft) {
  std::ranges::sort(draft.columns, {}, &Draft::Column::block);
  auto group = std::make_shared<Group>();
  group->family = draft.singles.empty() ? draft.groups.front()->family : draft.singles[0]->family;
  group->day = key.first;
  group->id = next_group_;
  group->buckets = key.second;
  group->replaced = draft.replaced;
  std::vector<Filter> filters;
  for (auto& column : draft.columns) {
    group->blocks.push_back(column.block);
    filters.push_back(std::move(column.filter));
  }
  Change change;
  put_group(change, *group, filters);
  change.put(ground_.entries, directory_key(group->day, kGroupIds | group->id),
             encode_group(*group));
  for (const auto& block : draft.singles)
    change.remove(block->family, block_key(block->block, BlockPart::filter));
  for (const auto& old : draft.groups) remove_group(change, ground_.entries, *old);

  auto indexes = std::make_shared<Indexes>(*ground_.indexes);
  auto day = std::make_shared<DayIndex>();
  if (const auto known = indexes->find(key.first); known != indexes->end())
    for (const auto& other : *known->second)
      if (std::ranges::find(draft.groups, other) == draft.groups.end()) day->push_back(other);
  day->push_back(group);
  (*indexes)[key.first] = std::move(day);
  auto written = ground_.db->replace(change, [&] { ground_.indexes = std::move(indexes); });
  if (!written) return written;
  ++next_group_;
  meters().groups.add();
  return {};
}

}  // namespace logboom::store
