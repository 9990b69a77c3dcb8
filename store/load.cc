#include "store/load.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "store/keys.h"

namespace logboom::store {
namespace {

using Found = std::map<std::string, std::vector<PiecePtr>>;

Result<void> find_inbox(Ground& ground, Found& found) {
  return ground.db->each(*ground.inbox, "", [&](std::string_view key, std::string_view value) {
    const auto place = parse_inbox_key(key);
    auto head = decode_head(value);
    if (head && (!place || head->partition != place->partition || head->first != place->first))
      head = fail(Errc::corrupt, "an inbox value is not the one of its key");
    if (head)
      found[head->tool].push_back(ground.directory.piece_of(*head, value.size()));
    else
      ground.quarantine(nullptr, head.error().message);
    return true;
  });
}

// A block whose directory entry cannot be read still has a head of its own.
Result<DirectoryEntry> entry_of_block(Ground& ground, const Family& family, std::uint64_t block) {
  auto lines = ground.db->get(family, block_key(block, BlockPart::lines));
  if (!lines) return fail(std::move(lines).error());
  auto head = decode_head(lines->value_or(""));
  if (!head) return fail(std::move(head).error());
  return DirectoryEntry{.head = *std::move(head), .block_bytes = (*lines)->size()};
}

// Reads the directory at opening.
class Finder {
 public:
  Finder(Ground& ground, Sealer& sealer, Found& found)
      : ground_(ground), sealer_(sealer), found_(found) {}

  Result<void> run() {
    auto read = read_streams();
    if (read) read = open_days();
    if (read) read = read_entries();
    if (read) read = remove_unused();
    if (read) finish();
    return read;
  }

 private:
  Result<void> read_streams() {
    return ground_.db->each(*ground_.streams, "",
                            [&](std::string_view key, std::string_view value) {
                              const auto hash = parse_stream_key(key);
                              auto labels = hash ? decode_labels(value) : Result<Labels>(Labels());
                              if (hash && labels)
                                streams_[*hash] = {ground_.directory.shared(*labels), false};
                              else
                                ground_.quarantine(nullptr, "a stream's labels cannot be read");
                              return true;
                            });
  }

  Result<void> open_days() {
    for (const auto& name : ground_.db->family_names()) {
      const auto day = parse_family_day(name);
      if (!day) continue;
      auto family = ground_.db->family(name);
      if (!family) return fail(std::move(family).error());
      families_[*day] = *std::move(family);
    }
    return {};
  }

  Result<void> read_entries() {
    Result<void> outcome;
    auto read =
        ground_.db->each(*ground_.entries, "", [&](std::string_view key, std::string_view value) {
          const auto parsed = parse_directory_key(key);
          const auto family = parsed ? families_.find(parsed->day) : families_.end();
          if (family == families_.end())  // of a day that was dropped
            gone_.remove(ground_.entries, std::string(key));
          else if ((parsed->block & kGroupIds) != 0)
            outcome = take_group(*parsed, family->second, value);
          else
            outcome = take_block(*parsed, family->second, value);
          return outcome.has_value();
        });
    return read ? outcome : read;
  }

  Result<void> take_group(const DirectoryKey& key, const FamilyPtr& family,
                          std::string_view value) {
    const auto id = key.block & ~kGroupIds;
    last_group_ = std::max(last_group_, id);
    auto group = decode_group(value);
    if (!group) {  // its blocks are asked themselves
      ground_.quarantine(nullptr, group.error().message);
      return {};
    }
    group->family = family;
    group->day = key.day;
    group->id = id;
    grouped_.insert(group->blocks.begin(), group->blocks.end());
    days_[key.day].push_back(std::make_shared<const Group>(*std::move(group)));
    return {};
  }

  Result<void> take_block(const DirectoryKey& key, const FamilyPtr& family,
                          std::string_view value) {
    last_block_ = std::max(last_block_, key.block);
    std::shared_ptr<Piece> piece;
    auto entry = decode_entry(value);
    auto set = entry ? streams_of(*entry) : std::nullopt;
    if (set) {
      piece = ground_.directory.piece_of(*entry, *std::move(set));
    } else {
      if (!is_older_entry(value)) ground_.quarantine(nullptr, "a directory entry cannot be read");
      entry = entry_of_block(ground_, *family, key.block);
      if (!entry && entry.error().code != Errc::corrupt) return fail(std::move(entry).error());
      if (!entry) {
        ground_.quarantine(nullptr, entry.error().message);
        return {};
      }
      piece = ground_.directory.piece_of(entry->head, entry->block_bytes);
    }
    piece->family = family;
    piece->block = key.block;
    piece->day = key.day;
    found_[entry->head.tool].push_back(std::move(piece));
    return {};
  }

  std::optional<StreamSet> streams_of(const DirectoryEntry& entry) {
    StreamSet set;
    for (const auto stream : entry.streams) {
      const auto known = streams_.find(stream);
      if (known == streams_.end()) return std::nullopt;
      known->second.used = true;
      set.push_back(known->second.labels);
    }
    return set;
  }

  Result<void> remove_unused() {
    for (const auto& [key, stream] : streams_)
      if (stream.used)
        sealer_.know_stream(key, stream.labels);
      else
        gone_.remove(ground_.streams, stream_key(key));
    return gone_.operations.empty() ? Result<void>{} : ground_.db->write(gone_);
  }

  void finish() {
    sealer_.start_at(last_block_ + 1);
    sealer_.slicer().start_at(last_group_ + 1);
    auto indexes = std::make_shared<Indexes>();
    for (auto& [day, groups] : days_)
      (*indexes)[day] = std::make_shared<const DayIndex>(std::move(groups));
    ground_.indexes = std::move(indexes);
    for (const auto& [tool, pieces] : found_)
      for (const auto& piece : pieces)
        sealer_.know_block(tool, piece, !grouped_.contains(piece->block));
  }

  struct Stream {
    std::shared_ptr<const Labels> labels;
    bool used = false;
  };
  Ground& ground_;
  Sealer& sealer_;
  Found& found_;
  std::map<std::int32_t, FamilyPtr> families_;
  std::unordered_map<std::uint64_t, Stream> streams_;
  std::unordered_set<std::uint64_t> grouped_;
  std::map<std::int32_t, DayIndex> days_;
  std::uint64_t last_block_ = 0, last_group_ = 0;
  Change gone_;
};

}  // namespace

Result<void> find_values(Ground& ground, Sealer& sealer) {
  Found found;
  auto read = Finder(ground, sealer, found).run();
  if (read) read = find_inbox(ground, found);
  if (!read) return read;
  for (const auto& [tool, pieces] : found) ground.directory.add(tool, pieces);
  return {};
}

}  // namespace logboom::store
