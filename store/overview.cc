#include "store/overview.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <ranges>

#include "core/json.h"
#include "core/time.h"
#include "store/bytes.h"
#include "store/ground.h"
#include "store/keys.h"

namespace logboom::store {
namespace {

void add(Overview::Sum& sum, const Piece& piece) {
  ++(piece.in_inbox() ? sum.batches : sum.blocks);
  sum.lines += piece.lines;
  sum.raw_bytes += piece.raw_bytes;
  sum.stored_bytes += piece.stored_bytes;
}

void append(std::string& out, const Overview::Sum& sum) {
  out += "\"blocks\":" + std::to_string(sum.blocks) +
         ",\"batches\":" + std::to_string(sum.batches) + ",\"lines\":" + std::to_string(sum.lines) +
         ",\"raw_bytes\":" + std::to_string(sum.raw_bytes) +
         ",\"stored_bytes\":" + std::to_string(sum.stored_bytes) + "}";
}

}  // namespace

Overview overview(Ground& ground) {
  Overview all;
  all.directory = ground.options.directory;
  all.format = newest_format();
  all.stats = ground.stats();
  for (const auto& [name, family] : ground.db->families())
    all.table_bytes += ground.db->table_bytes(*family);
  struct statvfs disk = {};
  if (statvfs(all.directory.c_str(), &disk) == 0) {
    all.free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    all.disk_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  }
  (void)ground.db->each(*ground.meta, "", [&](std::string_view key, std::string_view value) {
    ByteReader reader(value);
    if (const auto partition = parse_partition_key(key))
      all.partitions[*partition] = reader.varint();
    else if (key == kFormatKey)
      all.format = reader.varint();
    return true;
  });
  std::map<std::int32_t, Overview::Sum> days;
  for (const auto& name : ground.directory.tools()) {
    Overview::Tool tool{name, {}};
    ground.directory.view(name)->each([&](const PiecePtr& piece) {
      add(tool.sum, *piece);
      add(days[piece->day], *piece);
    });
    all.tools.push_back(std::move(tool));
  }
  for (auto day = days.rbegin(); day != days.rend(); ++day)
    all.days.push_back({day->first, day->second});
  std::ranges::stable_sort(all.tools, [](const Overview::Tool& a, const Overview::Tool& b) {
    return a.sum.stored_bytes > b.sum.stored_bytes;
  });
  return all;
}

std::string json(const Overview& overview, std::size_t top) {
  const auto& stats = overview.stats;
  std::string out = "{\"directory\":";
  append_json_string(out, overview.directory);
  const std::pair<const char*, std::uint64_t> numbers[] = {
      {"format", overview.format},
      {"tools", stats.tools},
      {"streams", stats.streams},
      {"lines", stats.lines},
      {"blocks", stats.blocks},
      {"block_bytes_raw", stats.block_bytes_raw},
      {"block_bytes_stored", stats.block_bytes_stored},
      {"inbox_batches", stats.inbox_batches},
      {"inbox_bytes", stats.inbox_bytes},
      {"quarantined", stats.quarantined},
      {"table_bytes", overview.table_bytes},
      {"free_bytes", overview.free_bytes},
      {"disk_bytes", overview.disk_bytes}};
  for (const auto& [name, number] : numbers) {
    append_json_name(out, name);
    out += std::to_string(number);
  }
  out += ",\"partitions\":[";
  for (const auto& [partition, next] : overview.partitions) {
    append_json_comma(out);
    out += "{\"partition\":" + std::to_string(partition) + ",\"next\":" + std::to_string(next);
    out += '}';
  }
  out += "],\"days\":[";
  for (const auto& day : overview.days) {
    append_json_comma(out);
    out += "{\"day\":\"" + day_name(day.day) + "\",";
    append(out, day.sum);
  }
  out += "],\"top\":[";
  for (const auto& tool : overview.tools | std::views::take(top)) {
    append_json_comma(out);
    out += "{\"tool\":";
    append_json_string(out, tool.name);
    out += ',';
    append(out, tool.sum);
  }
  return out + "]}";
}

}  // namespace logboom::store
