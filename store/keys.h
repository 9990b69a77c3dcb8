// The keys of the column families. FORMAT.md draws them.
//
// Numbers in keys are big-endian, so that RocksDB's byte order is the order of commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace logboom::store {

// default
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kLocalKey = "local";  // the next offset of kLocalPartition
inline constexpr std::string_view kPartitionPrefix = "partition/";
[[nodiscard]] std::string partition_key(std::uint32_t partition);
[[nodiscard]] std::optional<std::uint32_t> parse_partition_key(std::string_view key);

// inbox: partition, offset, index of the first line
struct InboxKey {
  std::uint32_t partition = 0;
  Cursor::Next first;
};
[[nodiscard]] std::string inbox_key(std::uint32_t partition, const Cursor::Next& first);
[[nodiscard]] std::optional<InboxKey> parse_inbox_key(std::string_view key);

// directory: day, block id; a group of the index has kGroupIds in its id
inline constexpr std::uint64_t kGroupIds = std::uint64_t{1} << 63;
[[nodiscard]] std::string directory_key(std::int32_t day, std::uint64_t block);
struct DirectoryKey {
  std::int32_t day = 0;
  std::uint64_t block = 0;
};
[[nodiscard]] std::optional<DirectoryKey> parse_directory_key(std::string_view key);

// blocks-YYYYMMDD.CLASS: block id and what of it
enum class BlockPart : char { lines = 'b', filter = 'f', minutes = 'm' };
[[nodiscard]] std::string block_key(std::uint64_t block, BlockPart part);
// ... and a group of the index: id with kGroupIds, what of it, number of the bucket
enum class GroupPart : char { bucket = 's', words = 'w' };
[[nodiscard]] std::string group_key(std::uint64_t group, GroupPart part, std::uint32_t number);
// streams: a hash of the labels
[[nodiscard]] std::string stream_key(std::uint64_t hash);
[[nodiscard]] std::optional<std::uint64_t> parse_stream_key(std::string_view key);
[[nodiscard]] std::string family_name(std::int32_t day, std::string_view retention_class);
// Days since 1970 of a family's name; nothing for other families.
[[nodiscard]] std::optional<std::int32_t> parse_family_day(std::string_view name);

}  // namespace logboom::store
