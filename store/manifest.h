// What a backup holds: the file `backup.json` at its top, which restore() believes and checks.
//
// Errors:  parse: corrupt (not what was written), invalid (a newer format).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace logboom::store {

inline constexpr std::uint64_t kBackupFormat = 1;
inline constexpr std::string_view kManifestName = "backup.json";

struct Manifest {
  std::uint64_t store_format = 0;
  std::int64_t made_ns = 0;      // UTC; when it was begun
  std::uint64_t local_next = 0;  // the next offset of the store's own partition
  std::map<std::uint32_t, std::uint64_t> partitions;  // of Kafka, and their next offsets
  struct File {
    std::string name;  // below the backup, "store/000012.sst"
    std::uint64_t bytes = 0, xxh64 = 0;
    friend bool operator==(const File&, const File&) = default;
  };
  std::vector<File> files;
  friend bool operator==(const Manifest&, const Manifest&) = default;

  [[nodiscard]] std::uint64_t bytes() const;
};

[[nodiscard]] std::string encode(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view json);

// backup-20260131T120000Z, and back; nothing for other names.
[[nodiscard]] std::string backup_name(std::int64_t time_ns);
[[nodiscard]] std::optional<std::int64_t> parse_backup_name(std::string_view name);

}  // namespace logboom::store
