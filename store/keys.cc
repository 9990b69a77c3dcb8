#include "store/keys.h"

#include <charconv>
#include <chrono>

#include "core/time.h"

namespace logboom::store {
namespace {

constexpr std::string_view kFamilyPrefix = "blocks-";
constexpr std::size_t kDayDigits = 8;

template <class Number>
void put_big(std::string& out, Number number) {
  for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift));
}

template <class Number>
Number take_big(std::string_view& key) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number = number << 8 | static_cast<std::uint8_t>(key[i]);
  key.remove_prefix(sizeof(Number));
  return static_cast<Number>(number);
}

}  // namespace

std::string partition_key(std::uint32_t partition) {
  std::string key(kPartitionPrefix);
  put_big(key, partition);
  return key;
}

std::optional<std::uint32_t> parse_partition_key(std::string_view key) {
  if (!key.starts_with(kPartitionPrefix) || key.size() != kPartitionPrefix.size() + 4)
    return std::nullopt;
  key.remove_prefix(kPartitionPrefix.size());
  return take_big<std::uint32_t>(key);
}

std::string inbox_key(std::uint32_t partition, const Cursor::Next& first) {
  std::string key;
  put_big(key, partition);
  put_big(key, first.offset);
  put_big(key, first.index);
  return key;
}

std::optional<InboxKey> parse_inbox_key(std::string_view key) {
  if (key.size() != 16) return std::nullopt;
  InboxKey parsed;
  parsed.partition = take_big<std::uint32_t>(key);
  parsed.first.offset = take_big<std::uint64_t>(key);
  parsed.first.index = take_big<std::uint32_t>(key);
  return parsed;
}

std::string directory_key(std::int32_t day, std::uint64_t block) {
  std::string key;
  put_big(key, static_cast<std::uint32_t>(day));
  put_big(key, block);
  return key;
}

std::optional<DirectoryKey> parse_directory_key(std::string_view key) {
  if (key.size() != 12) return std::nullopt;
  DirectoryKey parsed;
  parsed.day = static_cast<std::int32_t>(take_big<std::uint32_t>(key));
  parsed.block = take_big<std::uint64_t>(key);
  return parsed;
}

std::string block_key(std::uint64_t block, BlockPart part) {
  std::string key;
  put_big(key, block);
  key.push_back(static_cast<char>(part));
  return key;
}

std::string group_key(std::uint64_t group, GroupPart part, std::uint32_t number) {
  std::string key;
  put_big(key, kGroupIds | group);
  key.push_back(static_cast<char>(part));
  put_big(key, number);
  return key;
}

std::string stream_key(std::uint64_t hash) {
  std::string key;
  put_big(key, hash);
  return key;
}

std::optional<std::uint64_t> parse_stream_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return take_big<std::uint64_t>(key);
}

std::string family_name(std::int32_t day, std::string_view retention_class) {
  std::string name(kFamilyPrefix);
  return name.append(day_name(day)).append(".").append(retention_class);
}

std::optional<std::int32_t> parse_family_day(std::string_view name) {
  if (!name.starts_with(kFamilyPrefix)) return std::nullopt;
  name.remove_prefix(kFamilyPrefix.size());
  if (name.size() < kDayDigits + 2 || name[kDayDigits] != '.') return std::nullopt;
  unsigned digits = 0;
  const auto* const end = name.data() + kDayDigits;
  if (std::from_chars(name.data(), end, digits).ptr != end) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(digits / 10'000)),
                                         std::chrono::month(digits / 100 % 100),
                                         std::chrono::day(digits % 100)};
  if (!date.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

}  // namespace logboom::store
