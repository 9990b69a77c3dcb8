// The store at a glance, for who keeps it: by day, by tool, and the disk it lies on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/store.h"

namespace logboom::store {

struct Ground;

struct Overview {
  std::string directory;
  std::uint64_t format = 0;
  Stats stats;
  std::uint64_t table_bytes = 0;                      // of RocksDB, all families
  std::uint64_t free_bytes = 0, disk_bytes = 0;       // 0: not known
  std::map<std::uint32_t, std::uint64_t> partitions;  // of Kafka, and their next offsets

  struct Sum {
    std::uint64_t blocks = 0, batches = 0;  // batches: in the inbox
    std::uint64_t lines = 0, raw_bytes = 0, stored_bytes = 0;
  };
  struct Day {
    std::int32_t day = 0;  // of the commit, since 1970
    Sum sum;
  };
  std::vector<Day> days;  // the newest first
  struct Tool {
    std::string name;
    Sum sum;
  };
  std::vector<Tool> tools;  // the largest first, by stored bytes
};

[[nodiscard]] Overview overview(Ground& ground);

// With the `top` largest tools.
[[nodiscard]] std::string json(const Overview& overview, std::size_t top = 10);

}  // namespace logboom::store
