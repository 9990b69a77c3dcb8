#include "store/manifest.h"

#include <simdjson.h>
#include <xxhash.h>

#include <charconv>
#include <cstdio>

#include "core/json.h"
#include "core/time.h"

namespace logboom::store {
namespace {

constexpr std::string_view kPrefix = "backup-";
constexpr std::string_view kChecksum = ",\"checksum\":\"";  // of everything before it
constexpr std::string_view kFolder = "store/";

std::string hex(std::uint64_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return digits;
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t number = 0;
  const auto* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number, 16);
  if (digits.size() != 16 || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

// A plain name inside the backup's store: nothing that could lead elsewhere.
bool is_plain(std::string_view name) {
  if (!name.starts_with(kFolder)) return false;
  name.remove_prefix(kFolder.size());
  return !name.empty() && !name.starts_with('.') && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

std::unexpected<Error> wrong(std::string_view what) {
  return fail(Errc::corrupt, std::string(kManifestName) + ": " + std::string(what) +
                                 "; it is not as the backup wrote it: take another backup");
}

}  // namespace

std::uint64_t Manifest::bytes() const {
  std::uint64_t all = 0;
  for (const auto& file : files) all += file.bytes;
  return all;
}

std::string encode(const Manifest& manifest) {
  std::string json = "{\"format\":" + std::to_string(kBackupFormat) +
                     ",\"store_format\":" + std::to_string(manifest.store_format) + ",\"made\":\"" +
                     format_rfc3339(manifest.made_ns, 0) +
                     "\",\"made_ns\":" + std::to_string(manifest.made_ns) +
                     ",\"bytes\":" + std::to_string(manifest.bytes()) +
                     ",\"local_next\":" + std::to_string(manifest.local_next) + ",\"partitions\":[";
  for (const auto& [partition, next] : manifest.partitions) {
    append_json_comma(json);
    json += "{\"partition\":" + std::to_string(partition) + ",\"next\":" + std::to_string(next);
    json += '}';
  }
  json += "],\"files\":[";
  for (const auto& file : manifest.files) {
    append_json_comma(json);
    json += "\n{\"name\":";
    append_json_string(json, file.name);
    json += ",\"bytes\":" + std::to_string(file.bytes) + ",\"xxh64\":\"" + hex(file.xxh64) + "\"}";
  }
  json += "]";
  const auto checksum = hex(XXH64(json.data(), json.size(), 0));
  return json.append(kChecksum).append(checksum).append("\"}\n");
}

Result<Manifest> parse_manifest(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::uint64_t format = 0;
  if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS ||
      root["format"].get(format) != simdjson::SUCCESS)
    return wrong("it cannot be read");
  if (format > kBackupFormat)
    return fail(Errc::invalid, "the backup has format " + std::to_string(format) +
                                   ", this program reads up to " + std::to_string(kBackupFormat) +
                                   "; restore it with the newer logboom");
  const auto mark = json.rfind(kChecksum);
  if (mark == json.npos) return wrong("its checksum is missing");
  if (parse_hex(json.substr(mark + kChecksum.size(), 16)) != XXH64(json.data(), mark, 0))
    return wrong("its checksum is wrong");

  Manifest manifest;
  simdjson::dom::array partitions, files;
  if (root["store_format"].get(manifest.store_format) != simdjson::SUCCESS ||
      root["made_ns"].get(manifest.made_ns) != simdjson::SUCCESS ||
      root["local_next"].get(manifest.local_next) != simdjson::SUCCESS ||
      root["partitions"].get(partitions) != simdjson::SUCCESS ||
      root["files"].get(files) != simdjson::SUCCESS)
    return wrong("something is missing");
  for (const auto entry : partitions) {
    std::uint64_t partition = 0, next = 0;
    if (entry["partition"].get(partition) != simdjson::SUCCESS || partition > UINT32_MAX ||
        entry["next"].get(next) != simdjson::SUCCESS)
      return wrong("a partition cannot be read");
    manifest.partitions[static_cast<std::uint32_t>(partition)] = next;
  }
  for (const auto entry : files) {
    std::string_view name, digits;
    Manifest::File file;
    if (entry["name"].get(name) != simdjson::SUCCESS ||
        entry["bytes"].get(file.bytes) != simdjson::SUCCESS ||
        entry["xxh64"].get(digits) != simdjson::SUCCESS || !is_plain(name))
      return wrong("a file cannot be read");
    const auto checksum = parse_hex(digits);
    if (!checksum) return wrong("a file's checksum cannot be read");
    file.name = name;
    file.xxh64 = *checksum;
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

std::string backup_name(std::int64_t time_ns) {
  std::string name(kPrefix);
  for (const char c : format_rfc3339(time_ns, 0))
    if (c != '-' && c != ':') name.push_back(c);
  return name;
}

std::optional<std::int64_t> parse_backup_name(std::string_view name) {
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + 16) return std::nullopt;
  std::string text(name.substr(kPrefix.size()));  // 20260131T120000Z
  for (const std::size_t at : {4, 7, 13, 16}) text.insert(at, at < 10 ? "-" : ":");
  const auto time = parse_rfc3339(text);
  if (!time || backup_name(*time) != name) return std::nullopt;
  return *time;
}

}  // namespace logboom::store
