#include "deploy/store_text.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "deploy/progress_line.h"

namespace logboom::deploy {
namespace {

using simdjson::dom::element;

// Members that are missing count as 0 and "": the answer was looked at as a whole before.
std::uint64_t number(const element& from, std::string_view name) {
  std::uint64_t value = 0;
  return from[name].get(value) == simdjson::SUCCESS ? value : 0;
}
std::string word(const element& from, std::string_view name) {
  std::string_view value;
  return from[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}
std::vector<element> list(const element& from, std::string_view name) {
  simdjson::dom::array values;
  if (from[name].get(values) != simdjson::SUCCESS) return {};
  return {values.begin(), values.end()};
}

// 1,234,567
std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string ratio(std::uint64_t raw, std::uint64_t stored) {
  if (stored == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1fx", static_cast<double>(raw) / static_cast<double>(stored));
  return text;
}

std::string day(const std::string& name) {  // 20260131
  return name.size() == 8 ? name.substr(0, 4) + "-" + name.substr(4, 2) + "-" + name.substr(6)
                          : name;
}

// Columns as wide as they need; the first to the left, the others to the right.
using Row = std::array<std::string, 6>;
std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    std::string line = "  " + row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t i = 1; i < row.size(); ++i)
      if (widths[i] > 0) line += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

Row sums(const std::string& name, const element& entry) {
  const auto raw = number(entry, "raw_bytes"), stored = number(entry, "stored_bytes");
  return {name,
          grouped(number(entry, "lines")),
          grouped(number(entry, "blocks")),
          size_text(raw),
          size_text(stored),
          ratio(raw, stored)};
}

std::string offsets(const element& from) {
  std::string out;
  for (const auto& entry : list(from, "partitions")) {
    if (!out.empty()) out += ", ";
    out += std::to_string(number(entry, "partition")) + ":" + grouped(number(entry, "next"));
  }
  return out;
}

std::string stats_text(const element& from) {
  const auto raw = number(from, "block_bytes_raw"), stored = number(from, "block_bytes_stored");
  const auto days = list(from, "days");
  std::string out = "store " + word(from, "directory") + ", format " +
                    std::to_string(number(from, "format")) + "\n";
  out += "tools        " + grouped(number(from, "tools")) + ", streams " +
         grouped(number(from, "streams")) + "\n";
  out += "lines        " + grouped(number(from, "lines")) + "\n";
  out += "blocks       " + grouped(number(from, "blocks")) + ": " + size_text(raw) + " in " +
         size_text(stored) + ", " + ratio(raw, stored) + "\n";
  out += "inbox        " + grouped(number(from, "inbox_batches")) + " batches, " +
         size_text(number(from, "inbox_bytes")) + "\n";
  if (!days.empty())
    out += "days         " + std::to_string(days.size()) + ", " + day(word(days.back(), "day")) +
           " to " + day(word(days.front(), "day")) + "\n";
  out += "on the disk  " + size_text(number(from, "table_bytes")) + " in tables, " +
         size_text(number(from, "free_bytes")) + " free of " +
         size_text(number(from, "disk_bytes")) + "\n";
  out += "quarantined  " + grouped(number(from, "quarantined"));
  out += number(from, "quarantined") == 0 ? "\n" : " (`logboom store verify` names them)\n";
  if (const auto next = offsets(from); !next.empty()) out += "Kafka        next " + next + "\n";
  const auto heading = [](const std::string& name) {
    return Row{name, "lines", "blocks", "raw", "stored", "ratio"};
  };
  if (!days.empty()) {
    std::vector<Row> rows{heading("day")};
    for (const auto& entry : days) rows.push_back(sums(day(word(entry, "day")), entry));
    out += "\n" + table(rows);
  }
  if (const auto top = list(from, "top"); !top.empty()) {
    std::vector<Row> rows{heading("largest tools")};
    for (const auto& entry : top) rows.push_back(sums(word(entry, "tool"), entry));
    out += "\n" + table(rows);
  }
  return out;
}

std::string verify_text(const element& from) {
  std::vector<Row> rows{{"values", "good", "bad", "size", "", ""}};
  for (const auto& kind : list(from, "kinds"))
    rows.push_back({word(kind, "name"), grouped(number(kind, "good")), grouped(number(kind, "bad")),
                    size_text(number(kind, "bytes")), "", ""});
  std::string out = table(rows);
  const auto named = list(from, "named");
  for (const auto& bad : named) {
    out += "bad: " + word(bad, "kind") + ", " + word(bad, "what");
    if (const auto tool = word(bad, "tool"); !tool.empty()) out += ", tool " + tool;
    if (const auto when = word(bad, "day"); !when.empty()) out += ", day " + day(when);
    out += ": " + word(bad, "reason") + "\n";
  }
  const auto bad = number(from, "bad");
  if (bad == 0) return out + "all good\n";
  if (bad > named.size()) out += "... and " + grouped(bad - named.size()) + " more\n";
  return out + grouped(bad) +
         " values are bad: their lines are left out of every answer, all others are there.\n"
         "See to the disk; a backup made before may still have them.\n";
}

std::string compact_text(const element& from) {
  const auto before = number(from, "bytes_before"), after = number(from, "bytes_after");
  std::string out = "sealed " + grouped(number(from, "sealed_batches")) + " batches, compacted " +
                    grouped(number(from, "families")) + " families: " + size_text(before) +
                    " are now " + size_text(after);
  if (after < before) out += ", " + size_text(before - after) + " less";
  return out + "\n";
}

std::string backup_text(const element& from) {
  std::string out = "backup " + word(from, "directory") + ": " + size_text(number(from, "bytes")) +
                    " in " + grouped(number(from, "files")) + " files\n";
  for (const auto& name : list(from, "removed")) {
    std::string_view text;
    if (name.get(text) == simdjson::SUCCESS) out += "removed " + std::string(text) + "\n";
  }
  return out;
}

std::string restore_text(const element& from) {
  std::string out = "restored the backup of " + word(from, "made") + ": " +
                    size_text(number(from, "bytes")) + " in " + grouped(number(from, "files")) +
                    " files, all checked; " + grouped(number(from, "lines")) + " lines of " +
                    grouped(number(from, "tools")) + " tools\n";
  const auto next = offsets(from);
  if (!next.empty())
    return out + "it goes on reading from Kafka at " + next + " (partition:offset)\n";
  return out + "collectors are told where each source goes on, and send again what came later\n";
}

}  // namespace

Result<std::string> store_text(std::string_view command, std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS ||
      !root.is_object())
    return fail(Errc::invalid, "the answer cannot be read: is the server of another version?");
  if (command == "stats") return stats_text(root);
  if (command == "verify") return verify_text(root);
  if (command == "compact") return compact_text(root);
  if (command == "backup") return backup_text(root);
  return restore_text(root);
}

std::uint64_t bad_values(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS) return 0;
  return number(root, "bad");
}

}  // namespace logboom::deploy
